// A graph as a TensorFlow Lite file.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "export/tflite/emitter.h"
#include "export/tflite/file_builder.h"
#include "export/tflite/float_ops.h"
#include "export/tflite/integer_export.h"
#include "tessera/compiler/export.h"

namespace tessera {
namespace {

using tflite::dims_of;
using tflite::FileBuilder;
using tflite::TensorId;

// Dimensions, strides and paddings are int32 in the file.
Result<void> check_sizes(const Graph& graph) {
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (node.shape.size() <= std::numeric_limits<int32_t>::max()) continue;
    return TESSERA_ERROR(
        kResourceLimit, node.name,
        fmt::format("{} values are more than TensorFlow Lite counts in 32 bits", node.shape.size()),
        "export for a shorter input");
  }
  return {};
}

class FloatExport {
 public:
  explicit FloatExport(const Graph& graph) : graph_(graph) {}

  Result<std::vector<uint8_t>> run(const TfliteOptions& options) {
    values_.resize(static_cast<size_t>(graph_.id_limit()));
    for (NodeId id : graph_.inputs()) {
      const Node& node = graph_.node(id);
      value(id) = file_.tensor(node.name, dims_of(node.shape));
      file_.add_input(node.name, value(id));
    }
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      if (std::holds_alternative<Input>(node.op)) continue;
      std::vector<TensorId> operands;
      for (NodeId input : node.inputs) operands.push_back(value(input));
      TESSERA_TRY(value(id), tflite::write_float_op(file_, graph_, node, operands));
    }
    for (const GraphOutput& output : graph_.outputs()) write_output(output);
    for (const auto& [name, text] : options.metadata) file_.add_metadata(name, text);
    return file_.finish();
  }

 private:
  TensorId& value(NodeId id) { return values_[static_cast<size_t>(index_of(id))]; }

  // A tensor that is nothing else: no input, no constant, no other output.
  void write_output(const GraphOutput& output) {
    TensorId id = value(output.node);
    if (!file_.may_be_output(id)) {
      const Node& node = graph_.node(output.node);
      id = tflite::Emitter{file_, node}.reshape(id, dims_of(node.shape), "output");
    }
    file_.add_output(output.name, id);
  }

  const Graph& graph_;
  FileBuilder file_;
  std::vector<TensorId> values_;
};

}  // namespace

Result<std::vector<uint8_t>> export_tflite(const Graph& graph, const TfliteOptions& options) {
  TESSERA_TRY_VOID(validate(graph, graph.form()));
  TESSERA_TRY_VOID(check_sizes(graph));
  return FloatExport(graph).run(options);
}

Result<std::vector<uint8_t>> export_tflite(const Graph& graph, const Encodings& encodings,
                                           const TfliteOptions& options) {
  TESSERA_TRY_VOID(validate(graph, graph.form()));
  TESSERA_TRY_VOID(check_sizes(graph));
  TESSERA_TRY_VOID(check_encodings(graph, encodings));
  if (encodings.arithmetic != IntegerArithmetic::tflite) {
    return TESSERA_ERROR(kUnsupported, "encodings",
                         fmt::format("are for the arithmetic {}, and a TensorFlow Lite file is "
                                     "computed in its own",
                                     to_string(encodings.arithmetic)),
                         "build the package for a target whose arithmetic is tflite");
  }
  return tflite::IntegerExport(graph, encodings).run(options.metadata);
}

}  // namespace tessera
