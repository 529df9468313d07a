#include <fmt/format.h>

#include "rewrite/decoder.h"
#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool lower_transposed_conv_concerns(const Graph& graph, NodeId node) {
  return graph.get_if<ConvTranspose>(node) != nullptr;
}

// [in, out, 1, K] -> [K*out, in, 1, 1], row k*out + o.
Tensor tap_rows(const Tensor& weight) {
  const int64_t in = weight.dim(0);
  const int64_t out = weight.dim(1);
  const int64_t kernel = weight.dim(3);
  std::vector<float> values(static_cast<size_t>(kernel * out * in));
  for (int64_t i = 0; i < in; ++i) {
    for (int64_t o = 0; o < out; ++o) {
      for (int64_t k = 0; k < kernel; ++k)
        values[static_cast<size_t>((k * out + o) * in + i)] = weight[(i * out + o) * kernel + k];
    }
  }
  return Tensor({kernel * out, in, 1, 1}, std::move(values));
}

Result<Outcome> apply_lower_transposed_conv(GraphEditor& editor, NodeId node,
                                            const RewriteParameters&) {
  const Node old = editor.graph().node(node);
  const ConvTranspose& conv = std::get<ConvTranspose>(old.op);
  const std::string why = not_along_time(conv);
  if (!why.empty()) return Outcome{Declined{why}};
  const int64_t kernel = conv.weight.dim(3);
  const int64_t frames = editor.graph().node(old.inputs[0]).shape.w;
  Conv pointwise;
  pointwise.weight = tap_rows(conv.weight);
  std::vector<NamedOp> steps{{std::move(pointwise), ".taps", DerivedKind::taps},
                             {OverlapAdd{kernel, conv.stride.w}, ".overlap"}};
  for (NamedOp& step : after_overlap(conv, old.shape, (frames - 1) * conv.stride.w + kernel))
    steps.push_back(std::move(step));
  TESSERA_TRY_VOID(replace_with_chain(editor, node, std::move(steps)));
  return Outcome{
      Changed{fmt::format("pointwise {} -> {} taps, overlap-add at stride {}", conv.weight.dim(0),
                          kernel * conv.weight.dim(1), conv.stride.w)}};
}

}  // namespace

constinit const Rule lower_transposed_conv{"lower_transposed_conv",
                                           "Writes a transposed convolution as a pointwise one to "
                                           "all its taps and an overlap-add on the host.",
                                           Exactness::exact, lower_transposed_conv_concerns,
                                           apply_lower_transposed_conv};

}  // namespace tessera::rules
