// Writes cases for tflite_witness.py: networks as TensorFlow Lite files, inputs in the file's
// layout [1, H, W, C], and what the reference arithmetic computes. Networks in float are random
// ones, and every one below tests/data; those in integers are random ones of every operator, and
// the pieces of the bundled networks, with codes in and out.
//
// usage: tflite_witness FOLDER ROUNDS
//
// Prints a line for every network that is refused: its name and the error's code and text.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "base/npy.h"
#include "kernels/ref/coding.h"
#include "support/random_graph.h"
#include "support/random_norms.h"
#include "support/random_op.h"
#include "support/random_values.h"
#include "support/tflite_integers.h"
#include "tessera/audio.h"
#include "tessera/backend.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/quantize.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/target.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Arrays = std::vector<std::vector<float>>;

const fs::path kModels = TESSERA_SOURCE_DIR "/models";
const fs::path kData = TESSERA_SOURCE_DIR "/tests/data";
constexpr std::array<std::string_view, 6> kExtensions{".onnx", ".pth", ".pt",
                                                      ".ckpt", ".tar", ".safetensors"};
// Networks of open length get a short one.
constexpr int64_t kShortLength = 640;

// Of one round.
constexpr uint32_t kSeedsPerOp = 16;
constexpr uint32_t kGraphs = 40;
constexpr uint32_t kNorms = 30;
constexpr uint32_t kConvTasNets = 20;
constexpr uint32_t kIntegers = 400;

class Writer {
 public:
  explicit Writer(fs::path folder) : folder_(std::move(folder)) {}

  Result<void> write_float(const std::string& name, const Graph& graph, uint32_t seed) {
    const auto bytes = export_tflite(graph);
    if (!bytes) {
      std::printf("%s\t%s\t%s\n", name.c_str(), std::string(to_string(bytes.error().code)).c_str(),
                  bytes.error().to_string().c_str());
      return {};
    }
    const Arrays inputs = test::random_inputs(graph, seed);
    const Arrays outputs = test::run_graph(graph, inputs);
    TESSERA_TRY_VOID(store(name + ".tflite", *bytes));
    return save_all(name, graph, inputs, outputs);
  }

  // Inputs and outputs that are encoded are codes in the file.
  Result<void> write_integers(const std::string& name, const test::TfliteNetwork& network,
                              uint32_t seed) {
    const auto bytes = export_tflite(network.graph, network.encodings);
    if (!bytes) return bytes.error();
    const Arrays inputs = test::random_tflite_inputs(network, seed);
    Arrays outputs = test::run_in_tflite_integers(network, inputs);
    Arrays in_file = inputs;
    for (size_t i = 0; i < inputs.size(); ++i)
      to_codes(network, network.graph.inputs()[i], in_file[i]);
    for (size_t i = 0; i < outputs.size(); ++i)
      to_codes(network, network.graph.outputs()[i].node, outputs[i]);
    TESSERA_TRY_VOID(store(name + ".tflite", *bytes));
    return save_all(name, network.graph, in_file, outputs);
  }

 private:
  static void to_codes(const test::TfliteNetwork& network, NodeId id, std::vector<float>& values) {
    const auto encoding = encoding_of(network.graph, id, network.encodings);
    if (!encoding) return;
    const auto frames = static_cast<int64_t>(values.size()) / network.graph.node(id).shape.c;
    for (size_t i = 0; i < values.size(); ++i) {
      const int64_t c = static_cast<int64_t>(i) / frames;
      const double steps = std::nearbyint(static_cast<double>(values[i]) /
                                          static_cast<double>(encoding->scale_of(c)));
      values[i] = static_cast<float>(std::clamp(steps + encoding->zero_point_of(c),
                                                static_cast<double>(encoding->lowest()),
                                                static_cast<double>(encoding->highest())));
    }
  }

  Result<void> save_all(const std::string& name, const Graph& graph, const Arrays& inputs,
                        const Arrays& outputs) const {
    for (size_t i = 0; i < inputs.size(); ++i)
      TESSERA_TRY_VOID(save(fmt::format("{}.in{}.npy", name, i),
                            graph.node(graph.inputs()[i]).shape, inputs[i]));
    for (size_t i = 0; i < outputs.size(); ++i)
      TESSERA_TRY_VOID(save(fmt::format("{}.out{}.npy", name, i),
                            graph.node(graph.outputs()[i].node).shape, outputs[i]));
    return {};
  }
  Result<void> save(const std::string& file, const Shape& shape,
                    const std::vector<float>& values) const {
    std::vector<float> laid(values.size());
    for (int64_t c = 0; c < shape.c; ++c) {
      for (int64_t i = 0; i < shape.h * shape.w; ++i)
        laid[static_cast<size_t>(i * shape.c + c)] =
            values[static_cast<size_t>(c * shape.h * shape.w + i)];
    }
    const std::array<int64_t, 4> dims = {1, shape.h, shape.w, shape.c};
    return store(file, format_npy(dims, laid));
  }
  // Plainly: thousands of files that are read once need not be safe on the disk.
  Result<void> store(const std::string& file, const std::vector<uint8_t>& bytes) const {
    std::ofstream stream(folder_ / file, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    if (stream.flush()) return {};
    return TESSERA_ERROR(kIo, (folder_ / file).string(), "cannot be written", "");
  }

  fs::path folder_;
};

Result<void> write_round(Writer& writer, uint32_t round) {
  const auto seeds = [round](uint32_t count, uint32_t i) { return round * count + i; };
  constexpr auto kOps = static_cast<uint32_t>(kSeedsPerOp * kOpKinds);
  for (uint32_t i = 0; i < kOps; ++i) {
    const uint32_t seed = seeds(kOps, i);
    const std::string kind(op_kind_name(seed % kOpKinds));
    TESSERA_TRY_VOID(
        writer.write_float(fmt::format("op_{}_{}", kind, seed), test::random_op(seed), seed));
  }
  for (uint32_t i = 0; i < kGraphs; ++i) {
    const uint32_t seed = seeds(kGraphs, i);
    TESSERA_TRY_VOID(writer.write_float(fmt::format("graph_{}", seed),
                                        test::random_graph(seed, {.rewritten = i % 2 == 1}), seed));
  }
  for (uint32_t i = 0; i < kNorms; ++i) {
    const uint32_t seed = seeds(kNorms, i);
    TESSERA_TRY_VOID(writer.write_float(fmt::format("norms_{}", seed),
                                        test::random_norms(seed, i % 2 == 1), seed));
  }
  for (uint32_t i = 0; i < kConvTasNets; ++i) {
    const uint32_t seed = seeds(kConvTasNets, i);
    TESSERA_TRY_VOID(writer.write_float(fmt::format("conv_tasnet_{}", seed),
                                        test::random_conv_tasnet(seed), seed));
  }
  for (uint32_t i = 0; i < kIntegers; ++i) {
    const uint32_t seed = seeds(kIntegers, i);
    const test::TfliteNetwork network = test::random_tflite_network(seed);
    TESSERA_TRY_VOID(
        writer.write_integers(fmt::format("codes_{}_{}", network.kind, seed), network, seed));
  }
  return {};
}

Result<ImportedModel> import_short(const fs::path& file) {
  ImportOptions options;
  options.length_samples = kShortLength;
  Result<ImportedModel> model = import_model(file, options);
  if (model || model.error().code != ErrorCode::kInvalidArgument) return model;
  return import_model(file, {});  // the file has a length of its own
}

Result<void> write_data(Writer& writer) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(kData)) {
    const std::string extension = entry.path().extension().string();
    if (entry.is_regular_file() && std::ranges::find(kExtensions, extension) != kExtensions.end())
      files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    const auto model = import_short(file);
    if (!model) continue;  // tests/stages lists those that no stage reads
    std::string name = "data_" + fs::relative(file, kData).generic_string();
    std::ranges::replace(name, '/', '~');
    TESSERA_TRY_VOID(writer.write_float(name, model->graph, 1));
  }
  return {};
}

// Pieces of the bundled networks as a chip gets them, quantised on a bundled recording.
Result<void> write_pieces(Writer& writer, const std::string& name, bool int16) {
  constexpr int64_t kSamples = 4000;
  ImportOptions length;
  length.length_samples = kSamples;
  TESSERA_TRY(const ImportedModel model, import_model(kModels / (name + ".pth"), length));
  Graph legal = model.graph;
  TESSERA_TRY_VOID(rewrite(legal));
  TESSERA_TRY(const Target target, read_target(TESSERA_SOURCE_DIR "/targets/hailo8.toml"));
  TESSERA_TRY(const Plan plan, make_plan(legal, target));
  QuantizeOptions options;
  options.arithmetic = IntegerArithmetic::tflite;
  options.int16 = int16;
  TESSERA_TRY(const AudioBuffer mixture, read_audio(kModels / "mixtures/04_mix.wav"));
  std::vector<std::vector<float>> windows;
  for (int64_t begin = 0; begin + kSamples <= mixture.frames(); begin += kSamples)
    windows.emplace_back(mixture.channels[0].begin() + begin,
                         mixture.channels[0].begin() + begin + kSamples);
  TESSERA_TRY(const auto cpu, make_backend("cpu", {.threads = 1}));
  TensorStatistics statistics;
  TESSERA_TRY_VOID(calibrate(plan.graph, options, *cpu, windows, statistics));
  TESSERA_TRY(const Encodings encodings, quantize(plan.graph, statistics, options));
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces) {
      TESSERA_TRY_VOID(writer.write_integers(
          fmt::format("codes_piece_{}_{}_{}", name, int16 ? 16 : 8, piece.name),
          {"piece", piece.graph, encodings}, 1));
    }
  }
  return {};
}

Result<void> write_all(Writer& writer, uint32_t rounds) {
  TESSERA_TRY_VOID(write_data(writer));
  for (const char* name : {"gln", "bn", "causal"}) {
    for (const bool int16 : {false, true})
      TESSERA_TRY_VOID(write_pieces(writer, fmt::format("convtasnet_demo_{}_8k", name), int16));
  }
  for (uint32_t round = 0; round < rounds; ++round) TESSERA_TRY_VOID(write_round(writer, round));
  return {};
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  const long rounds = argc == 3 ? std::strtol(argv[2], nullptr, 10) : 0;
  if (rounds < 1) {
    std::fprintf(stderr, "usage: tflite_witness FOLDER ROUNDS\n");
    return 2;
  }
  tessera::Writer writer(argv[1]);
  const auto done = tessera::write_all(writer, static_cast<uint32_t>(rounds));
  if (!done) {
    std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str());
    return 1;
  }
  return 0;
}
