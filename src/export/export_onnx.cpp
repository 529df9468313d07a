#include "tessera/compiler/export.h"

#include <algorithm>

#include <fmt/format.h>

#include "export/export_builder.h"
#include "model/onnx/document.h"
#include "model/onnx/proto.h"

namespace tessera {
namespace {

using onnx_export::describe;
using onnx_export::ExportBuilder;

constexpr int64_t kMaxWeightBytes = (int64_t{1} << 31) - (int64_t{1} << 24);

bool along_w(const Padding& padding) {
  return padding.top == 0 && padding.bottom == 0;
}

// Whether nothing in the op reaches along H. A border along H may leave one row of H, which is then
// not the operand's.
struct ReachesAlongW {
  bool operator()(const Conv& op) const { return op.weight.dim(2) == 1 && along_w(op.padding); }
  bool operator()(const ConvTranspose& op) const {
    return op.weight.dim(2) == 1 && along_w(op.crop) && op.extra.h == 0;
  }
  bool operator()(const Pad& op) const { return along_w(op.padding); }
  bool operator()(const Pool& op) const { return op.kernel.h == 1 && along_w(op.padding); }
  template <typename T>
  bool operator()(const T&) const {
    return true;
  }
};

bool all_flat(const Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  return std::all_of(order.begin(), order.end(), [&](NodeId id) {
    const Node& node = graph.node(id);
    return node.shape.h == 1 && std::visit(ReachesAlongW{}, node.op);
  });
}

// A file layout taken apart: its factors in their own order, and the order that sorts them into
// [C, H, W].
struct Border {
  std::vector<int64_t> file;     // the file's dims
  std::vector<int64_t> factors;  // one dim per factor, in the file's order
  std::vector<int64_t> perm;     // to [C factors, H factors, W factors], outermost first
  bool sorted = true;
};

Result<Border> border_of(const IoLayout& layout, const Shape& shape) {
  Border border;
  border.file = layout.sizes();
  std::vector<IoFactor> factors;
  for (const auto& dim : layout.dims) factors.insert(factors.end(), dim.begin(), dim.end());
  int64_t count = 1;
  for (const IoFactor& f : factors) {
    border.factors.push_back(f.size);
    count *= f.size;
  }
  if (layout.shape != shape || count != shape.size()) {
    return TESSERA_ERROR(kInvalidModel, fmt::format("'{}'", layout.name),
                         fmt::format("its layout {} does not fit its value {}", layout.to_string(),
                                     to_string(shape)),
                         "");
  }
  std::vector<size_t> order(factors.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (factors[a].axis != factors[b].axis) return factors[a].axis < factors[b].axis;
    return factors[a].stride > factors[b].stride;
  });
  border.sorted = std::is_sorted(order.begin(), order.end());
  for (size_t i : order) border.perm.push_back(static_cast<int64_t>(i));
  return border;
}

class Export {
 public:
  Export(const Graph& graph, const ExportOptions& options, onnx::GraphProto& proto)
      : graph_(graph),
        options_(options),
        proto_(proto),
        out_(proto, !options.four_axes && all_flat(graph)) {}

  Result<void> run() {
    values_.resize(static_cast<size_t>(graph_.id_limit()));
    for (const GraphOutput& output : graph_.outputs())
      output_names_.push_back(out_.unique(output.name));
    TESSERA_TRY_VOID(write_inputs());
    for (NodeId id : graph_.order()) write_node(graph_.node(id));
    if (out_.weight_bytes() > kMaxWeightBytes) {
      return TESSERA_ERROR(
          kResourceLimit, "",
          fmt::format("{} bytes of weights do not fit into one ONNX file of at most 2 GB",
                      out_.weight_bytes()),
          "Tessera writes no external data");
    }
    return write_outputs();
  }

 private:
  std::string& value(NodeId id) { return values_[static_cast<size_t>(index_of(id))]; }

  const IoLayout* layout(const std::vector<IoLayout>& layouts, size_t i) const {
    return i < layouts.size() ? &layouts[i] : nullptr;
  }

  Result<void> write_inputs() {
    for (size_t i = 0; i < graph_.inputs().size(); ++i) {
      const Node& node = graph_.node(graph_.inputs()[i]);
      const std::vector<int64_t> plain = out_.dims(node.shape);
      const IoLayout* wanted = layout(options_.inputs, i);
      const std::string name = out_.unique(wanted ? wanted->name : node.name);
      value(node.id) = name;
      if (!wanted) {
        describe(*proto_.add_input(), name, plain);
        continue;
      }
      TESSERA_TRY(const Border border, border_of(*wanted, node.shape));
      describe(*proto_.add_input(), name, border.file);
      std::string x = name;
      std::vector<int64_t> dims = border.file;
      if (!border.sorted) {
        x = reshape(x, dims, border.factors, name, "factors");
        const std::string transposed = out_.unique(name + "/sorted");
        out_.node("Transpose", {x}, transposed).integers("perm", border.perm);
        x = transposed;
        dims.clear();
        for (int64_t p : border.perm) dims.push_back(border.factors[static_cast<size_t>(p)]);
      }
      value(node.id) = reshape(x, dims, plain, name, "value");
    }
    return {};
  }

  // x itself when the dims are those already.
  std::string reshape(const std::string& x, const std::vector<int64_t>& from,
                      const std::vector<int64_t>& to, const std::string& name, const char* suffix) {
    if (from == to) return x;
    return out_.step("Reshape", {x, out_.numbers(name + ".shape", to)}, name, suffix);
  }

  // The value that an output may be named after: a computed one, in the plain layout, not taken.
  bool names_output(NodeId id, size_t i) const {
    if (graph_.outputs()[i].node != id || layout(options_.outputs, i)) return false;
    for (size_t k = 0; k < i; ++k) {
      if (graph_.outputs()[k].node == id) return false;
    }
    return true;
  }

  void write_node(const Node& node) {
    if (std::holds_alternative<Input>(node.op)) return;
    if (const auto* op = std::get_if<Constant>(&node.op)) {
      value(node.id) = out_.weights(node.name, op->value, out_.dims(node.shape));
      return;
    }
    std::string name;
    for (size_t i = 0; i < output_names_.size(); ++i) {
      if (names_output(node.id, i)) name = output_names_[i];
    }
    const bool is_output = !name.empty();
    if (!is_output) name = out_.unique(node.name);
    value(node.id) = name;
    std::vector<std::string> inputs;
    for (NodeId input : node.inputs) inputs.push_back(value(input));
    export_op(out_, graph_, node, inputs, name);
    if (!is_output) describe(*proto_.add_value_info(), name, out_.dims(node.shape));
  }

  Result<void> write_outputs() {
    for (size_t i = 0; i < graph_.outputs().size(); ++i) {
      const Node& node = graph_.node(graph_.outputs()[i].node);
      const std::string& name = output_names_[i];
      const std::vector<int64_t> plain = out_.dims(node.shape);
      const IoLayout* wanted = layout(options_.outputs, i);
      if (!wanted) {
        if (value(node.id) != name) out_.node("Identity", {value(node.id)}, name);
        describe(*proto_.add_output(), name, plain);
        continue;
      }
      TESSERA_TRY(const Border border, border_of(*wanted, node.shape));
      std::string x = value(node.id);
      if (!border.sorted) {
        std::vector<int64_t> sorted;
        std::vector<int64_t> back(border.perm.size());
        for (size_t k = 0; k < border.perm.size(); ++k) {
          sorted.push_back(border.factors[static_cast<size_t>(border.perm[k])]);
          back[static_cast<size_t>(border.perm[k])] = static_cast<int64_t>(k);
        }
        x = reshape(x, plain, sorted, name, "factors");
        const std::string transposed = out_.unique(name + "/transposed");
        out_.node("Transpose", {x}, transposed).integers("perm", back);
        x = transposed;
      }
      out_.node("Reshape", {x, out_.numbers(name + ".shape", border.file)}, name);
      describe(*proto_.add_output(), name, border.file);
    }
    return {};
  }

  const Graph& graph_;
  const ExportOptions& options_;
  onnx::GraphProto& proto_;
  ExportBuilder out_;
  std::vector<std::string> values_;
  std::vector<std::string> output_names_;
};

}  // namespace

Result<std::vector<uint8_t>> export_onnx(const Graph& graph, const ExportOptions& options) {
  TESSERA_TRY_VOID(validate(graph, graph.form()));
  onnx::ModelProto model;
  onnx_export::begin_document(model, "tessera");
  for (const auto& [key, text] : options.metadata) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(text);
  }
  TESSERA_TRY_VOID(Export(graph, options, *model.mutable_graph()).run());
  return onnx_export::checked_bytes(model);
}

Result<void> export_onnx(const Graph& graph, const std::filesystem::path& path,
                         const ExportOptions& options, WriteOptions write) {
  TESSERA_TRY_VOID(check_writable(path, write));
  TESSERA_TRY(const std::vector<uint8_t> bytes, export_onnx(graph, options));
  return write_file_atomically(path, bytes, write);
}

}  // namespace tessera
