#include <fmt/format.h>

#include "rewrite/decoder.h"
#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool replace_decoder_with_pointwise_head_concerns(const Graph& graph, NodeId node) {
  return graph.get_if<ConvTranspose>(node) != nullptr;
}

// Sample j of a hop, if every frame that overlaps it were the frame that starts there: the sum of
// the trained taps j, j + S, j + 2S, ... as row j*out + o of a matrix [S*out, in].
Tensor hop_rows(const Tensor& weight, int64_t stride) {
  const int64_t in = weight.dim(0);
  const int64_t out = weight.dim(1);
  const int64_t kernel = weight.dim(3);
  std::vector<float> values(static_cast<size_t>(stride * out * in), 0.0F);
  for (int64_t i = 0; i < in; ++i) {
    for (int64_t o = 0; o < out; ++o) {
      for (int64_t k = 0; k < kernel; ++k)
        values[static_cast<size_t>((k % stride * out + o) * in + i)] +=
            weight[(i * out + o) * kernel + k];
    }
  }
  return Tensor({stride * out, in, 1, 1}, std::move(values));
}

Result<Outcome> apply_replace_decoder_with_pointwise_head(GraphEditor& editor, NodeId node,
                                                          const RewriteParameters&) {
  const Node old = editor.graph().node(node);
  const ConvTranspose& conv = std::get<ConvTranspose>(old.op);
  const std::string why = not_along_time(conv);
  if (!why.empty()) return Outcome{Declined{why}};
  const int64_t stride = conv.stride.w;
  Conv head;
  head.weight = hop_rows(conv.weight, stride);
  const int64_t rows = head.weight.dim(0);
  std::vector<NamedOp> steps{{std::move(head), ".head"}, {OverlapAdd{stride, stride}, ".weave"}};
  const int64_t width = editor.graph().node(old.inputs[0]).shape.w * stride;
  for (NamedOp& step : after_overlap(conv, old.shape, width)) steps.push_back(std::move(step));
  TESSERA_TRY_VOID(replace_with_chain(editor, node, std::move(steps)));
  return Outcome{Changed{fmt::format("pointwise {} -> {}, {} taps summed into each hop of {}",
                                     conv.weight.dim(0), rows, conv.weight.dim(3), stride)}};
}

}  // namespace

constinit const Rule replace_decoder_with_pointwise_head{
    "replace_decoder_with_pointwise_head",
    "Decodes each hop from its own frame alone (conv1x1 head), the trained taps of overlapping "
    "frames summed.",
    Exactness::approximate, replace_decoder_with_pointwise_head_concerns,
    apply_replace_decoder_with_pointwise_head};

}  // namespace tessera::rules
