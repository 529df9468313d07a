#include "tessera/compiler/op.h"

#include <fmt/format.h>

namespace tessera {

std::string to_string(const Shape& shape) {
  return fmt::format("[{},{},{}]", shape.c, shape.h, shape.w);
}

namespace {
constexpr std::array<std::string_view, kOpKinds> kOpKindNames = {"input",
                                                                 "constant",
                                                                 "conv",
                                                                 "conv_transpose",
                                                                 "affine",
                                                                 "norm",
                                                                 "unary",
                                                                 "softmax",
                                                                 "add",
                                                                 "mul",
                                                                 "binary",
                                                                 "concat",
                                                                 "slice",
                                                                 "pad",
                                                                 "pool",
                                                                 "global_pool",
                                                                 "gemm",
                                                                 "reduce",
                                                                 "cumulative_sum",
                                                                 "overlap_add",
                                                                 "norm_statistics",
                                                                 "scale_shift"};
}  // namespace

std::string_view op_kind_name(size_t index) {
  TESSERA_CHECK(index < kOpKinds, "op index is one of the variant's");
  return kOpKindNames[index];
}

std::string_view op_kind_name(const Op& op) {
  return op_kind_name(op.index());
}

std::string op_name(const Op& op) {
  const std::string_view kind = op_kind_name(op);
  if (const auto* norm = std::get_if<Norm>(&op))
    return fmt::format("{}.{}", kind, to_string(norm->kind));
  if (const auto* statistics = std::get_if<NormStatistics>(&op))
    return fmt::format("{}.{}", kind, to_string(statistics->kind));
  if (const auto* unary = std::get_if<Unary>(&op))
    return fmt::format("{}.{}", kind, to_string(unary->kind));
  if (const auto* softmax = std::get_if<Softmax>(&op))
    return fmt::format("{}.{}", kind, to_string(softmax->over));
  if (const auto* binary = std::get_if<Binary>(&op))
    return fmt::format("{}.{}", kind, to_string(binary->kind));
  if (const auto* pad = std::get_if<Pad>(&op))
    return fmt::format("{}.{}", kind, to_string(pad->mode));
  if (const auto* pool = std::get_if<Pool>(&op))
    return fmt::format("{}.{}", kind, to_string(pool->kind));
  if (const auto* pool = std::get_if<GlobalPool>(&op))
    return fmt::format("{}.{}", kind, to_string(pool->kind));
  if (const auto* reduce = std::get_if<Reduce>(&op))
    return fmt::format("{}.{}", kind, to_string(reduce->kind));
  return std::string(kind);
}

std::string_view to_string(Axis axis) {
  switch (axis) {
    case Axis::c: return "c";
    case Axis::h: return "h";
    case Axis::w: return "w";
  }
  return "?";
}

std::string_view to_string(NormKind kind) {
  switch (kind) {
    case NormKind::global: return "global";
    case NormKind::feature_wise: return "feature_wise";
    case NormKind::channel_wise: return "channel_wise";
    case NormKind::cumulative: return "cumulative";
    case NormKind::batch: return "batch";
  }
  return "?";
}

std::string_view to_string(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::relu: return "relu";
    case UnaryKind::prelu: return "prelu";
    case UnaryKind::sigmoid: return "sigmoid";
    case UnaryKind::tanh: return "tanh";
    case UnaryKind::elu: return "elu";
    case UnaryKind::gelu: return "gelu";
    case UnaryKind::silu: return "silu";
    case UnaryKind::softplus: return "softplus";
    case UnaryKind::hard_sigmoid: return "hard_sigmoid";
    case UnaryKind::clip: return "clip";
    case UnaryKind::exp: return "exp";
    case UnaryKind::log: return "log";
    case UnaryKind::sqrt: return "sqrt";
    case UnaryKind::square: return "square";
    case UnaryKind::reciprocal: return "reciprocal";
    case UnaryKind::abs: return "abs";
    case UnaryKind::neg: return "neg";
    case UnaryKind::erf: return "erf";
  }
  return "?";
}

std::string_view to_string(SoftmaxOver over) {
  switch (over) {
    case SoftmaxOver::source: return "source";
    case SoftmaxOver::channel: return "channel";
    case SoftmaxOver::time: return "time";
  }
  return "?";
}

std::string_view to_string(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::sub: return "sub";
    case BinaryKind::div: return "div";
    case BinaryKind::max: return "max";
    case BinaryKind::min: return "min";
    case BinaryKind::pow: return "pow";
  }
  return "?";
}

std::string_view to_string(PadMode mode) {
  switch (mode) {
    case PadMode::zero: return "zero";
    case PadMode::reflect: return "reflect";
    case PadMode::edge: return "edge";
  }
  return "?";
}

std::string_view to_string(PoolKind kind) {
  return kind == PoolKind::average ? "average" : "max";
}

std::string_view to_string(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::sum: return "sum";
    case ReduceKind::mean: return "mean";
    case ReduceKind::max: return "max";
    case ReduceKind::min: return "min";
  }
  return "?";
}

namespace {
struct WeightLister {
  std::vector<NamedWeight> list;
  void add(std::string_view name, const Tensor& tensor) {
    if (!tensor.empty()) list.push_back({name, &tensor});
  }
  template <typename T>
  void operator()(const T& op) {
    if constexpr (requires { op.weight; }) add("weight", op.weight);
    if constexpr (requires { op.scale; }) add("scale", op.scale);
    if constexpr (requires { op.bias; }) add("bias", op.bias);
    if constexpr (requires { op.gamma; }) {
      add("gamma", op.gamma);
      add("beta", op.beta);
    }
    if constexpr (requires { op.center; }) add("center", op.center);
    if constexpr (requires { op.mean; }) {
      add("mean", op.mean);
      add("variance", op.variance);
    }
    if constexpr (requires { op.slope; }) add("slope", op.slope);
    if constexpr (requires { op.value; }) add("value", op.value);
  }
};
}  // namespace

bool host_only(const Op& op) {
  return std::holds_alternative<OverlapAdd>(op) || std::holds_alternative<NormStatistics>(op);
}

std::vector<NamedWeight> weights_of(const Op& op) {
  WeightLister lister;
  std::visit(lister, op);
  return std::move(lister.list);
}

}  // namespace tessera
