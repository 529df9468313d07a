// Writes cases for integer_witness.py: a network in integers as ONNX in each form, an input, what
// the emulator makes of it, every encoded value included, and the step between two codes.
//
// usage: integer_witness FOLDER
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "base/npy.h"
#include "plan/segments.h"
#include "plan/tiling.h"
#include "support/conv_tasnet.h"
#include "support/random_values.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/file.h"
#include "tessera/session.h"

namespace tessera {
namespace {

Result<void> write_case(const std::filesystem::path& folder, const std::string& name,
                        const Graph& source, const Encodings& encodings, uint32_t seed) {
  Graph graph = source;
  GraphEditor editor(graph, "witness");
  for (NodeId id : source.order()) {
    const bool given =
        source.get_if<Input>(id) != nullptr || source.get_if<Constant>(id) != nullptr;
    if (!given && encoding_of(source, id, encodings) && !source.is_output(id))
      editor.add_output(source.node(id).name, id);
  }
  for (const IntegerForm form : {IntegerForm::qlinear, IntegerForm::qdq}) {
    TESSERA_TRY(const auto bytes, export_integers(graph, encodings, form));
    const std::filesystem::path of_form = folder / to_string(form);
    TESSERA_TRY_VOID(ensure_directory(of_form));
    TESSERA_TRY_VOID(write_file_atomically(of_form / (name + ".onnx"), bytes));
  }
  const auto save = [&](const std::string& file, const Shape& shape,
                        std::span<const float> values) {
    const int64_t dims[] = {1, shape.c, shape.h, shape.w};
    return write_npy(folder / fmt::format("{}.{}.npy", name, file), dims, values);
  };
  std::vector<std::vector<float>> inputs = test::random_inputs(graph, seed);
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (float& x : inputs[i]) x *= 3;  // beyond the calibrated range now and then
    TESSERA_TRY_VOID(save(fmt::format("in{}", i), graph.node(graph.inputs()[i]).shape, inputs[i]));
  }
  TESSERA_TRY(const auto backend, make_backend("emulator"));
  TESSERA_TRY(Session session, Session::create(graph, *backend, &encodings));
  const std::vector<ConstValues> sources(inputs.begin(), inputs.end());
  TESSERA_TRY(const auto outputs, session.run(sources));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Node& node = graph.node(graph.outputs()[i].node);
    TESSERA_TRY_VOID(save(fmt::format("out{}", i), node.shape, outputs[i]));
    const auto encoding = encoding_of(graph, node.id, encodings);
    std::vector<float> steps;
    for (int64_t c = 0; c < node.shape.c; ++c) steps.push_back(encoding->scale_of(c));
    TESSERA_TRY_VOID(save(fmt::format("step{}", i), {node.shape.c, 1, 1}, steps));
  }
  return {};
}

enum class Precision : uint8_t { narrow, wide, mixed };
constexpr const char* kBits[] = {"8", "16", "mixed"};

QuantizeOptions options_for(const Graph& graph, Precision precision) {
  QuantizeOptions options;
  options.int16 = precision == Precision::wide;
  const std::vector<std::string> names = encoded_values(graph);
  for (size_t i = 0; precision == Precision::mixed && i < names.size(); i += 2)
    options.int16_values.insert(names[i]);
  return options;
}

// A network's pieces between statistics, and its host steps that are exact.
Result<void> write_pieces(const std::filesystem::path& folder, NormKind norm, Precision precision,
                          UnaryKind mask) {
  test::ConvTasNet network = test::small_conv_tasnet(1203, norm);
  network.blocks = 2;
  network.repeats = 1;
  network.mask_activation = Unary{.kind = mask};
  Graph graph = build(network);
  TESSERA_TRY_VOID(rewrite(graph));
  const QuantizeOptions options = options_for(graph, precision);
  TensorStatistics statistics;
  TESSERA_TRY(const auto backend, make_backend("cpu", {.threads = 1}));
  const std::vector<std::vector<float>> windows{test::random_inputs(graph, 1)[0]};
  TESSERA_TRY_VOID(calibrate(graph, options, *backend, windows, statistics));
  TESSERA_TRY(const Encodings encodings, quantize(graph, statistics, options));
  Division division = divide(graph, partition_nodes(graph, PartitionOptions{}));
  int number = 0;
  for (ChipSegment& segment : division.segments) {
    segment.tiling = {Layout::row, graph.node(segment.writes[0]).shape.w, 1, 1};
    TESSERA_TRY_VOID(tile_segment(graph, segment));
    for (const Piece& piece : segment.pieces) {
      const std::string name = fmt::format("{}_{}_{}_{}", to_string(norm), to_string(mask),
                                           kBits[static_cast<size_t>(precision)], number++);
      TESSERA_TRY_VOID(write_case(folder, name, piece.graph, encodings, 7));
    }
  }
  return {};
}

// Padding laid in codes of several zero points, strides, and a scale-shift, in one small graph.
Result<void> write_host_side(const std::filesystem::path& folder) {
  Graph graph;
  GraphEditor editor(graph, "import");
  TESSERA_TRY(const NodeId x, editor.add(Input{Shape{3, 2, 40}}, {}, "x"));
  TESSERA_TRY(const NodeId ab, editor.add(Input{Shape{6, 2, 1}}, {}, "ab"));
  TESSERA_TRY(const NodeId yn, editor.add(ScaleShift{}, {x, ab}, "yn"));
  test::Random random(3);
  Conv conv;
  conv.weight = random.tensor({4, 3, 1, 3}, -1, 1);
  conv.bias = random.tensor({4}, -1, 1);
  conv.padding = {0, 0, 4, 1};
  conv.dilation = {1, 2};
  conv.stride = {1, 3};
  TESSERA_TRY(const NodeId y, editor.add(conv, {yn}, "y"));
  TESSERA_TRY(const NodeId sum, editor.add(Add{}, {y, y}, "sum"));
  editor.add_output("sum", sum);
  TESSERA_TRY_VOID(editor.enter(GraphForm::legal));
  Encodings encodings;
  encodings.values["x"] = {8, false, {0.01F, 0.02F, 0.03F}, {128}};
  encodings.values["yn"] = {8, false, {0.02F, 0.05F, 0.03F}, {0, 255, 100}};
  encodings.values["y"] = {8, false, {0.03F}, {120}};
  encodings.values["sum"] = {16, true, {0.001F}, {0}};
  IntegerWeights weights{conv.weight.dims(), {}, {}, {}, {}};
  for (int i = 0; i < 36; ++i)
    weights.values.push_back(static_cast<int8_t>(random.integer(-127, 127)));
  for (int i = 0; i < 4; ++i) {
    weights.bias.push_back(static_cast<int32_t>(random.integer(-5000, 5000)));
    weights.scale.push_back(random.uniform(1e-5F, 1e-4F));
  }
  encodings.weights["y"] = weights;
  return write_case(folder, "host_side", graph, encodings, 3);
}

Result<void> write_all(const std::filesystem::path& folder) {
  for (Precision precision : {Precision::narrow, Precision::wide, Precision::mixed}) {
    TESSERA_TRY_VOID(write_pieces(folder, NormKind::global, precision, UnaryKind::relu));
    // In 16 bits a sigmoid is no table but a float function, whose last bit is each runtime's own.
    const UnaryKind mask = precision == Precision::narrow ? UnaryKind::sigmoid : UnaryKind::relu;
    TESSERA_TRY_VOID(write_pieces(folder, NormKind::batch, precision, mask));
  }
  return write_host_side(folder);
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: integer_witness FOLDER\n");
    return 2;
  }
  const auto done = tessera::write_all(argv[1]);
  if (!done) {
    std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str());
    return 1;
  }
}
