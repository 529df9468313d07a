#include "model/recognise/pattern.h"

#include <algorithm>

namespace tessera {

bool all_equal(const Tensor& tensor, float value) {
  const auto values = tensor.values();
  return std::all_of(values.begin(), values.end(), [value](float v) { return v == value; });
}

std::optional<float> uniform(const Tensor& tensor) {
  if (tensor.empty() || !all_equal(tensor, tensor[0])) return std::nullopt;
  return tensor[0];
}

const Unary* unary_of(const Graph& graph, NodeId id, UnaryKind kind) {
  const auto* op = graph.get_if<Unary>(id);
  return op && op->kind == kind ? op : nullptr;
}

NodeId operand(const Graph& graph, NodeId id) {
  return graph.node(id).inputs[0];
}

std::optional<double> plain_scale(const Graph& graph, NodeId id) {
  const auto* op = graph.get_if<Affine>(id);
  if (!op || !all_equal(op->bias, 0)) return std::nullopt;
  const std::optional<float> scale = uniform(op->scale);
  if (!scale) return std::nullopt;
  return static_cast<double>(*scale);
}

int64_t axis_size(const Shape& shape, Axis axis) {
  return axis == Axis::c ? shape.c : axis == Axis::h ? shape.h : shape.w;
}

}  // namespace tessera
