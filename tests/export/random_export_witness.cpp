// Writes cases for random_export_witness.py: random networks, and those of people whose export was
// wrong, as `export` writes them; inputs in the file's layout; what the reference backend computes.
//
// usage: random_export_witness FOLDER ROUNDS
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "base/npy.h"
#include "support/random_graph.h"
#include "support/random_layout.h"
#include "support/random_norms.h"
#include "support/random_op.h"
#include "support/random_values.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/import.h"

namespace tessera {
namespace {

const std::filesystem::path kField =
    TESSERA_SOURCE_DIR "/tests/data/field/export_cumulative_widths/";

// Of one round.
constexpr uint32_t kSeedsPerOp = 24;
constexpr uint32_t kGraphs = 60;
constexpr uint32_t kNorms = 40;
constexpr uint32_t kConvTasNets = 30;

class Writer {
 public:
  explicit Writer(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // With layouts of its own, as an imported file has them, or the plain ones.
  Result<void> write(const std::string& name, const Graph& graph, uint32_t seed, bool own_layouts) {
    ExportOptions options;
    for (NodeId id : graph.inputs())
      options.inputs.push_back(
          layout(graph.node(id).name, graph.node(id).shape, seed, own_layouts));
    for (const GraphOutput& output : graph.outputs())
      options.outputs.push_back(
          layout(output.name, graph.node(output.node).shape, seed, own_layouts));
    const auto inputs = test::random_inputs(graph, seed);
    const auto outputs = test::run_graph(graph, inputs);
    for (size_t i = 0; i < inputs.size(); ++i)
      TESSERA_TRY_VOID(save(fmt::format("{}.in{}.npy", name, i), options.inputs[i], inputs[i]));
    for (size_t i = 0; i < outputs.size(); ++i)
      TESSERA_TRY_VOID(save(fmt::format("{}.out{}.npy", name, i), options.outputs[i], outputs[i]));
    for (NodeId id : graph.order()) ops_.insert(op_name(graph.node(id).op));
    const auto bytes = export_onnx(graph, own_layouts ? options : ExportOptions());
    if (bytes) return store(name + ".onnx", *bytes);
    Error error = bytes.error();
    error.subject = fmt::format("{}: {}", name, error.subject);
    return error;
  }

  // Names of the ops in what was written, as op_name() gives them.
  const std::set<std::string>& ops() const { return ops_; }

 private:
  static IoLayout layout(const std::string& name, const Shape& shape, uint32_t seed, bool own) {
    return own ? test::random_layout(name, shape, seed) : plain_layout(name, shape);
  }
  Result<void> save(const std::string& file, const IoLayout& layout,
                    const std::vector<float>& values) const {
    std::vector<float> laid(values.size());
    TESSERA_TRY_VOID(to_file_layout(layout, values, laid));
    return store(file, format_npy(layout.sizes(), laid));
  }
  // Plainly: thousands of files that are read once need not be safe on the disk.
  Result<void> store(const std::string& file, const std::vector<uint8_t>& bytes) const {
    std::ofstream stream(folder_ / file, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    if (stream.flush()) return {};
    return TESSERA_ERROR(kIo, (folder_ / file).string(), "cannot be written", "");
  }

  std::filesystem::path folder_;
  std::set<std::string> ops_;
};

Result<void> write_round(Writer& writer, uint32_t round) {
  const auto seeds = [round](uint32_t count, uint32_t i) { return round * count + i; };
  constexpr auto kOps = static_cast<uint32_t>(kSeedsPerOp * kOpKinds);
  for (uint32_t i = 0; i < kOps; ++i) {
    const uint32_t seed = seeds(kOps, i);
    const Graph graph = test::random_op(seed);
    const std::string kind(op_kind_name(seed % kOpKinds));
    TESSERA_TRY_VOID(writer.write(fmt::format("op_{}_{}", kind, seed), graph, seed, i % 6 == 0));
  }
  for (uint32_t i = 0; i < kGraphs; ++i) {
    const uint32_t seed = seeds(kGraphs, i);
    const Graph graph = test::random_graph(seed, {.rewritten = i % 2 == 1});
    TESSERA_TRY_VOID(writer.write(fmt::format("graph_{}", seed), graph, seed, i % 6 == 0));
  }
  for (uint32_t i = 0; i < kNorms; ++i) {
    const uint32_t seed = seeds(kNorms, i);
    const Graph graph = test::random_norms(seed, i % 2 == 1);
    TESSERA_TRY_VOID(writer.write(fmt::format("norms_{}", seed), graph, seed, i % 6 == 0));
  }
  for (uint32_t i = 0; i < kConvTasNets; ++i) {
    const uint32_t seed = seeds(kConvTasNets, i);
    const Graph graph = test::random_conv_tasnet(seed);
    TESSERA_TRY_VOID(writer.write(fmt::format("conv_tasnet_{}", seed), graph, seed, i % 6 == 0));
  }
  return {};
}

// Cumulative norms of two widths. net.onnx is for 82 samples.
Result<void> write_field(Writer& writer) {
  const auto write = [&](const char* file, int64_t length) -> Result<void> {
    ImportOptions options;
    options.length_samples = length;
    TESSERA_TRY(const ImportedModel model, import_model(kField / file, options));
    return writer.write(fmt::format("field_{}_{}", file, length), model.graph, 1, false);
  };
  for (const int64_t length : {800, 1600, 4000, 32000})
    TESSERA_TRY_VOID(write("asteroid_causal.pth", length));
  return write("net.onnx", 82);
}

Result<void> write_all(Writer& writer, uint32_t rounds) {
  TESSERA_TRY_VOID(write_field(writer));
  for (uint32_t round = 0; round < rounds; ++round) TESSERA_TRY_VOID(write_round(writer, round));
  return {};
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  const long rounds = argc == 3 ? std::strtol(argv[2], nullptr, 10) : 0;
  if (rounds < 1) {
    std::fprintf(stderr, "usage: random_export_witness FOLDER ROUNDS\n");
    return 2;
  }
  tessera::Writer writer(argv[1]);
  const auto done = tessera::write_all(writer, static_cast<uint32_t>(rounds));
  if (!done) {
    std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str());
    return 1;
  }
  for (const std::string& op : writer.ops()) std::printf("%s\n", op.c_str());
}
