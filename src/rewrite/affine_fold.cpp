#include "rewrite/affine_fold.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "rewrite/pattern.h"
#include "rewrite/weights.h"

namespace tessera {
namespace {

// Weight [a, b, kh, kw] times factor(a index, b index).
template <typename Factor>
Tensor scaled(const Tensor& weight, Factor factor) {
  const int64_t first = weight.dim(0);
  const int64_t second = weight.dim(1);
  const int64_t taps = weight.size() / (first * second);
  std::vector<float> values(weight.values().begin(), weight.values().end());
  size_t at = 0;
  for (int64_t a = 0; a < first; ++a) {
    for (int64_t b = 0; b < second; ++b) {
      const double by = factor(a, b);
      for (int64_t tap = 0; tap < taps; ++tap, ++at)
        values[at] = static_cast<float>(static_cast<double>(values[at]) * by);
    }
  }
  return Tensor(weight.dims(), std::move(values));
}

double at(const std::vector<double>& values, int64_t i) {
  return values[static_cast<size_t>(i)];
}

Tensor bias_after(const Tensor& bias, const ChannelAffine& affine) {
  std::vector<double> values = affine.bias;
  for (size_t i = 0; i < values.size() && !bias.empty(); ++i)
    values[i] += static_cast<double>(bias[static_cast<int64_t>(i)]) * affine.scale[i];
  return vector_tensor(values);
}

// The affine comes after the op.
struct AfterOp {
  const ChannelAffine& affine;

  std::optional<Op> operator()(Conv conv) const {
    conv.weight = scaled(conv.weight, [&](int64_t o, int64_t) { return at(affine.scale, o); });
    conv.bias = bias_after(conv.bias, affine);
    return Op{std::move(conv)};
  }
  std::optional<Op> operator()(ConvTranspose conv) const {
    const int64_t in_per_group = conv.weight.dim(0) / conv.groups;
    const int64_t out_per_group = conv.weight.dim(1);
    conv.weight = scaled(conv.weight, [&](int64_t i, int64_t o) {
      return at(affine.scale, i / in_per_group * out_per_group + o);
    });
    conv.bias = bias_after(conv.bias, affine);
    return Op{std::move(conv)};
  }
  std::optional<Op> operator()(Gemm gemm) const {
    gemm.weight = scaled(gemm.weight, [&](int64_t o, int64_t) { return at(affine.scale, o); });
    gemm.bias = bias_after(gemm.bias, affine);
    return Op{std::move(gemm)};
  }
  template <typename Other>
  std::optional<Op> operator()(const Other&) const {
    return std::nullopt;
  }
};

// sum over the row's inputs and taps of weight*shift, added to the bias.
template <typename Channel>
Tensor bias_before(const Tensor& weight, const Tensor& bias, const ChannelAffine& affine,
                   Channel channel) {
  const int64_t out = weight.dim(0);
  const int64_t in = weight.dim(1);
  const int64_t taps = weight.size() / (out * in);
  std::vector<double> values(static_cast<size_t>(out), 0.0);
  int64_t index = 0;
  for (int64_t o = 0; o < out; ++o) {
    double sum = bias.empty() ? 0.0 : static_cast<double>(bias[o]);
    for (int64_t i = 0; i < in; ++i) {
      for (int64_t tap = 0; tap < taps; ++tap, ++index)
        sum += static_cast<double>(weight[index]) * at(affine.bias, channel(o, i));
    }
    values[static_cast<size_t>(o)] = sum;
  }
  return vector_tensor(values);
}

// The affine comes before the op.
struct BeforeOp {
  const ChannelAffine& affine;

  std::optional<Op> operator()(Conv conv) const {
    const int64_t out_per_group = conv.weight.dim(0) / conv.groups;
    const int64_t in_per_group = conv.weight.dim(1);
    const auto channel = [=](int64_t o, int64_t i) { return o / out_per_group * in_per_group + i; };
    if (affine.shifts()) conv.bias = bias_before(conv.weight, conv.bias, affine, channel);
    conv.weight =
        scaled(conv.weight, [&](int64_t o, int64_t i) { return at(affine.scale, channel(o, i)); });
    return Op{std::move(conv)};
  }
  std::optional<Op> operator()(ConvTranspose conv) const {
    conv.weight = scaled(conv.weight, [&](int64_t i, int64_t) { return at(affine.scale, i); });
    return Op{std::move(conv)};
  }
  std::optional<Op> operator()(Gemm gemm) const {
    const auto channel = [](int64_t, int64_t i) { return i; };
    if (affine.shifts()) gemm.bias = bias_before(gemm.weight, gemm.bias, affine, channel);
    gemm.weight = scaled(gemm.weight, [&](int64_t, int64_t i) { return at(affine.scale, i); });
    return Op{std::move(gemm)};
  }
  template <typename Other>
  std::optional<Op> operator()(const Other&) const {
    return std::nullopt;
  }
};

bool has_finite_weights(const Op& op) {
  const std::vector<NamedWeight> weights = weights_of(op);
  return std::all_of(weights.begin(), weights.end(),
                     [](const NamedWeight& w) { return all_finite(*w.tensor); });
}

// Why the affine cannot enter this reader; empty if it can.
std::string obstacle(const Op& reader, const ChannelAffine& affine) {
  if (const auto* conv = std::get_if<Conv>(&reader)) {
    if (affine.shifts() && !conv->padding.none())
      return "the conv after it pads with zeros, and the shift would be missing there";
    return {};
  }
  if (std::holds_alternative<ConvTranspose>(reader)) {
    if (affine.shifts())
      return "the conv_transpose after it overlaps fewer taps at its ends, where the shift differs";
    return {};
  }
  if (std::holds_alternative<Gemm>(reader)) return {};
  return fmt::format("{} reads it, which takes no affine", op_name(reader));
}

Result<Outcome> fold_into_readers(GraphEditor& editor, NodeId node, const ChannelAffine& affine,
                                  const std::string& before) {
  const Graph& graph = editor.graph();
  const NodeId source = graph.node(node).inputs[0];
  if (graph.is_output(node))
    return Outcome{Declined{before + "; it is itself an output of the graph"}};
  std::vector<NodeId> readers(graph.users(node).begin(), graph.users(node).end());
  std::vector<Op> folded;
  for (NodeId reader : readers) {
    const std::string why = obstacle(graph.node(reader).op, affine);
    if (!why.empty()) return Outcome{Declined{before + "; " + why}};
    std::optional<Op> op = std::visit(BeforeOp{affine}, graph.node(reader).op);
    if (!op || !has_finite_weights(*op))
      return Outcome{Declined{"the folded weights would not be finite"}};
    folded.push_back(std::move(*op));
  }
  for (size_t i = 0; i < readers.size(); ++i)
    TESSERA_TRY_VOID(editor.replace(readers[i], std::move(folded[i]), {source}));
  if (readers.size() == 1)
    return Outcome{
        Changed{fmt::format("folded into '{}', which follows", graph.node(readers[0]).name)}};
  return Outcome{Changed{fmt::format("folded into the {} convs that read it", readers.size())}};
}

}  // namespace

bool ChannelAffine::shifts() const {
  return std::any_of(bias.begin(), bias.end(), [](double b) { return b != 0.0; });
}

ChannelAffine channel_affine(const Affine& affine) {
  return {{affine.scale.values().begin(), affine.scale.values().end()},
          {affine.bias.values().begin(), affine.bias.values().end()}};
}

ChannelAffine channel_affine(const Norm& batch_norm) {
  ChannelAffine affine;
  for (int64_t c = 0; c < batch_norm.gamma.size(); ++c) {
    const double scale = static_cast<double>(batch_norm.gamma[c]) /
                         std::sqrt(static_cast<double>(batch_norm.variance[c]) + batch_norm.eps);
    affine.scale.push_back(scale);
    affine.bias.push_back(static_cast<double>(batch_norm.beta[c]) -
                          scale * static_cast<double>(batch_norm.mean[c]));
  }
  return affine;
}

Affine to_op(const ChannelAffine& affine) {
  return {vector_tensor(affine.scale), vector_tensor(affine.bias)};
}

Result<Outcome> fold_channel_affine(GraphEditor& editor, NodeId node, const ChannelAffine& affine) {
  const Graph& graph = editor.graph();
  const NodeId producer = graph.node(node).inputs[0];
  const std::string producer_name = graph.node(producer).name;
  std::optional<Op> folded = std::visit(AfterOp{affine}, graph.node(producer).op);
  if (!folded) {
    return fold_into_readers(
        editor, node, affine,
        fmt::format("it follows {}, which takes no affine", op_name(graph.node(producer).op)));
  }
  if (sole_user(graph, producer) == kNoNode)
    return fold_into_readers(editor, node, affine, "the conv before it is read elsewhere too");
  if (!has_finite_weights(*folded))
    return Outcome{Declined{"the folded weights would not be finite"}};
  TESSERA_TRY_VOID(editor.replace(producer, std::move(*folded), graph.node(producer).inputs));
  TESSERA_TRY_VOID(editor.redirect(node, producer));
  return Outcome{Changed{fmt::format("folded into '{}', which comes before", producer_name)}};
}

}  // namespace tessera
