#include "backends/cpu/transpose_hw.h"

#include <algorithm>
#include <map>

#include "graph/subgraph.h"
#include "tessera/backend.h"

namespace tessera::cpu {
namespace {

Axis transposed(Axis axis) {
  return axis == Axis::h ? Axis::w : axis == Axis::w ? Axis::h : axis;
}

Extent transposed(const Extent& extent) {
  return {extent.w, extent.h};
}

Padding transposed(const Padding& padding) {
  return {padding.left, padding.right, padding.top, padding.bottom};
}

// Ops that look at a position, or at neighbours along one axis; nothing for all others.
std::optional<Op> transposed(const Op& op) {
  if (const auto* input = std::get_if<Input>(&op)) {
    return Input{{input->shape.c, input->shape.w, input->shape.h}};
  }
  if (const auto* conv = std::get_if<Conv>(&op)) {
    const Tensor& weight = conv->weight;
    if (weight.dim(2) > 1 && weight.dim(3) > 1) return std::nullopt;
    Conv result = *conv;
    result.weight = weight.reshaped({weight.dim(0), weight.dim(1), weight.dim(3), weight.dim(2)});
    result.stride = transposed(conv->stride);
    result.dilation = transposed(conv->dilation);
    result.padding = transposed(conv->padding);
    return result;
  }
  if (const auto* slice = std::get_if<Slice>(&op)) {
    Slice result = *slice;
    result.axis = transposed(slice->axis);
    return result;
  }
  if (const auto* concat = std::get_if<Concat>(&op)) {
    Concat result = *concat;
    result.axis = transposed(concat->axis);
    return result;
  }
  if (std::holds_alternative<Affine>(op) || std::holds_alternative<Unary>(op) ||
      std::holds_alternative<Add>(op) || std::holds_alternative<Mul>(op)) {
    return op;
  }
  return std::nullopt;
}

// Whether frames lie along H: kernels do, or every row is a fraction of a tile.
bool is_narrow(const Graph& graph, int64_t tile_frames) {
  int64_t widest = 0;
  int64_t tallest = 0;
  bool kernels_along_h = false;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    widest = std::max(widest, node.shape.w);
    tallest = std::max(tallest, node.shape.h);
    const auto* conv = std::get_if<Conv>(&node.op);
    if (conv == nullptr) continue;
    if (conv->weight.dim(3) > 1) return false;
    kernels_along_h |= conv->weight.dim(2) > 1;
  }
  return kernels_along_h || (widest < tile_frames && tallest > widest);
}

// [C, rows, columns] to [C, columns, rows].
void transpose_values(const Shape& shape, ConstValues from, Values to) {
  const auto rows = static_cast<size_t>(shape.h);
  const auto columns = static_cast<size_t>(shape.w);
  for (size_t begin = 0; begin < from.size(); begin += rows * columns) {
    for (size_t column = 0; column < columns; ++column) {
      const float* source = from.data() + begin + column;
      float* target = to.data() + begin + column * rows;
      for (size_t row = 0; row < rows; ++row) target[row] = source[row * columns];
    }
  }
}

class TransposedExecutable final : public Executable {
 public:
  TransposedExecutable(const Graph& graph, std::unique_ptr<Executable> inner)
      : inner_(std::move(inner)), signature_(signature_of(graph)) {
    for (const Port& port : signature_.inputs) {
      inputs_.emplace_back(static_cast<size_t>(port.shape.size()));
    }
    for (const Port& port : signature_.outputs) {
      outputs_.emplace_back(static_cast<size_t>(port.shape.size()));
    }
    input_views_.assign(inputs_.begin(), inputs_.end());
    output_views_.assign(outputs_.begin(), outputs_.end());
  }

  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs) override {
    TESSERA_TRY_VOID(check_values(signature_, inputs, outputs));
    for (size_t i = 0; i < inputs.size(); ++i) {
      transpose_values(signature_.inputs[i].shape, inputs[i], inputs_[i]);
    }
    TESSERA_TRY_VOID(inner_->run(input_views_, output_views_));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Shape& shape = signature_.outputs[i].shape;
      transpose_values({shape.c, shape.w, shape.h}, outputs_[i], outputs[i]);
    }
    return {};
  }

  void reset() override { inner_->reset(); }
  void trim() override { inner_->trim(); }

  int64_t arena_bytes() const override {
    size_t values = 0;
    for (const auto& buffer : inputs_) values += buffer.size();
    for (const auto& buffer : outputs_) values += buffer.size();
    return inner_->arena_bytes() + static_cast<int64_t>(values * sizeof(float));
  }

 private:
  std::unique_ptr<Executable> inner_;
  Signature signature_;
  std::vector<std::vector<float>> inputs_;
  std::vector<std::vector<float>> outputs_;
  std::vector<ConstValues> input_views_;
  std::vector<Values> output_views_;
};

}  // namespace

Result<std::optional<Graph>> transposed_if_narrow(const Graph& graph, int64_t tile_frames) {
  if (!is_narrow(graph, tile_frames)) return std::optional<Graph>();
  Graph result;
  GraphEditor editor(result, "transpose_hw");
  SubgraphCopy copy(graph, editor);
  std::vector<NodeId> order(graph.inputs().begin(), graph.inputs().end());  // keep their order
  for (NodeId id : graph.order()) {
    if (graph.get_if<Input>(id) == nullptr) order.push_back(id);
  }
  for (NodeId id : order) {
    std::optional<Op> op = transposed(graph.node(id).op);
    if (!op) return std::optional<Graph>();
    TESSERA_TRY_VOID(copy.add(id, std::move(*op)));
  }
  copy.add_outputs();
  TESSERA_TRY_VOID(editor.enter(graph.form()));
  return std::optional(std::move(result));
}

std::unique_ptr<Executable> make_transposed(const Graph& graph, std::unique_ptr<Executable> inner) {
  return std::make_unique<TransposedExecutable>(graph, std::move(inner));
}

}  // namespace tessera::cpu
