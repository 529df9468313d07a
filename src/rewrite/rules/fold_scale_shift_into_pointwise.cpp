#include <fmt/format.h>

#include "rewrite/pattern.h"
#include "rewrite/rules/rules.h"
#include "rewrite/weights.h"

namespace tessera::rules {
namespace {

// With scalars mean and r for all channels, W(gamma*r*x + beta - center*mean*r) + bias
//   = r*(W gamma)x + (W beta + bias) - (W center)*mean*r:
// the matrix W gamma comes first, and statistics of the same x give scale and shift of its rows.
struct Folded {
  Tensor weight;  // [out, in, 1, 1]
  NormStatistics statistics;
};

Folded fold(const Conv& conv, const NormStatistics& norm) {
  const int64_t out = conv.weight.dim(0);
  const int64_t in = conv.weight.dim(1);
  std::vector<float> weight(static_cast<size_t>(out * in));
  std::vector<double> beta(static_cast<size_t>(out));
  std::vector<double> center(static_cast<size_t>(out));
  for (int64_t o = 0; o < out; ++o) {
    double b = conv.bias.empty() ? 0.0 : static_cast<double>(conv.bias[o]);
    double m = 0;
    for (int64_t i = 0; i < in; ++i) {
      const double w = static_cast<double>(conv.weight[o * in + i]);
      weight[static_cast<size_t>(o * in + i)] =
          static_cast<float>(w * static_cast<double>(norm.gamma[i]));
      b += w * static_cast<double>(norm.beta[i]);
      m += w * static_cast<double>(norm.center[i]);
    }
    beta[static_cast<size_t>(o)] = b;
    center[static_cast<size_t>(o)] = m;
  }
  return {Tensor({out, in, 1, 1}, std::move(weight)),
          {norm.kind, ones(out), vector_tensor(beta), vector_tensor(center), norm.eps}};
}

bool fold_scale_shift_into_pointwise_concerns(const Graph& graph, NodeId node) {
  return graph.get_if<Conv>(node) != nullptr &&
         graph.get_if<ScaleShift>(graph.node(node).inputs[0]) != nullptr;
}

Result<Outcome> apply_fold_scale_shift_into_pointwise(GraphEditor& editor, NodeId node,
                                                      const RewriteParameters&) {
  const Graph& graph = editor.graph();
  const Node conv_node = graph.node(node);
  const Conv& conv = std::get<Conv>(conv_node.op);
  const Node scale_shift = graph.node(conv_node.inputs[0]);
  const Node statistics_node = graph.node(scale_shift.inputs[1]);
  const auto* statistics = std::get_if<NormStatistics>(&statistics_node.op);
  if (statistics == nullptr)
    return Outcome{Declined{"its scale and shift are not those of a norm"}};
  if (!is_pointwise(conv)) {
    return Outcome{Declined{
        conv.padding.none()
            ? "the conv mixes frames or groups of channels"
            : "the conv pads with zeros after the norm, and the shift would be missing there"}};
  }
  if (statistics->kind == NormKind::feature_wise)
    return Outcome{
        Declined{"each channel has statistics of its own, which do not pass a sum over channels"}};
  Folded folded = fold(conv, *statistics);
  Conv before;
  before.weight = std::move(folded.weight);
  TESSERA_TRY(NodeId product, editor.add(std::move(before), {scale_shift.inputs[0]},
                                         conv_node.name + ".raw", conv_node.origin.source));
  TESSERA_TRY(NodeId numbers, editor.add(std::move(folded.statistics), statistics_node.inputs,
                                         conv_node.name + ".statistics", conv_node.origin.source));
  TESSERA_TRY_VOID(editor.replace(node, ScaleShift{}, {product, numbers}));
  return Outcome{
      Changed{fmt::format("'{}' now scales {} rows of the product, not {} channels before it",
                          conv_node.name, conv_node.shape.c, scale_shift.shape.c)}};
}

}  // namespace

constinit const Rule fold_scale_shift_into_pointwise{
    "fold_scale_shift_into_pointwise",
    "Moves a norm's scale and shift past the pointwise convolution that reads it; gamma enters the "
    "weights.",
    Exactness::exact, fold_scale_shift_into_pointwise_concerns,
    apply_fold_scale_shift_into_pointwise};

}  // namespace tessera::rules
