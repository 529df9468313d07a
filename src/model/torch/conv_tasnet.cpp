#include "model/torch/conv_tasnet.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/counted.h"
#include "graph/canonical.h"

namespace tessera {
namespace {

constexpr int64_t kMaxLength = int64_t{1} << 35;

// Adds the layers of a network one after the other; every method returns the value it made.
class Builder {
 public:
  explicit Builder(const ConvTasNet& net) : net_(net), editor_(graph_, "import") {}

  Result<Graph> build(int64_t length) {
    TESSERA_TRY(const NodeId wave, editor_.add(Input{Shape{1, 1, length}}, {}, "mixture"));
    TESSERA_TRY(const NodeId encoded, add_encoder(wave, length));
    TESSERA_TRY(const NodeId features, add_masker(encoded));
    TESSERA_TRY(const NodeId masks, add_mask_head(features));
    std::vector<NodeId> sources;
    for (int64_t s = 0; s < net_.n_src; ++s) {
      TESSERA_TRY(const NodeId source, add_source(encoded, masks, s));
      sources.push_back(source);
    }
    NodeId joined = sources.front();
    if (sources.size() > 1) {
      TESSERA_TRY(joined, editor_.add(Concat{Axis::c}, sources, "sources"));
    }
    TESSERA_TRY(const NodeId fitted, fit_length(joined, length));
    editor_.add_output("sources", fitted);
    TESSERA_TRY_VOID(editor_.enter(GraphForm::imported));
    return canonical_order(graph_);
  }

 private:
  Result<NodeId> add(const ConvTasNetLayer& layer, NodeId input, std::string name) {
    return editor_.add(layer.op, {input}, std::move(name), layer.source);
  }
  Result<NodeId> add(const std::optional<ConvTasNetLayer>& layer, NodeId input, std::string name) {
    if (!layer) return input;
    return add(*layer, input, std::move(name));
  }

  int64_t alignment(int64_t length) const {
    switch (net_.alignment) {
      case Alignment::none: return 0;
      case Alignment::stride: {
        const int64_t rest = (length - net_.kernel % 2) % net_.stride;
        return rest == 0 ? 0 : net_.stride - rest;
      }
      case Alignment::window: return net_.kernel - (net_.stride + length) % net_.kernel;
    }
    return 0;
  }

  Result<NodeId> add_encoder(NodeId wave, int64_t length) {
    Conv conv = std::get<Conv>(net_.encoder.op);
    conv.padding.left = net_.border;
    conv.padding.right = net_.border + alignment(length);
    TESSERA_TRY(const NodeId frames,
                editor_.add(std::move(conv), {wave}, "encoder", net_.encoder.source));
    return add(net_.encoder_act, frames, "encoder.act");
  }

  // Bottleneck and blocks; the value the masks are made from: the skip sum, or the last block's
  // output without skips.
  Result<NodeId> add_masker(NodeId encoded) {
    TESSERA_TRY(NodeId x, add(net_.bottleneck_norm, encoded, "bottleneck.norm"));
    TESSERA_TRY(x, add(net_.bottleneck_conv, x, "bottleneck.conv"));
    NodeId skip_sum = kNoNode;
    for (size_t i = 0; i < net_.blocks.size(); ++i) {
      TESSERA_TRY_VOID(add_block(net_.blocks[i], fmt::format("tcn.{}.", i), x, skip_sum));
    }
    return skip_sum == kNoNode ? x : skip_sum;
  }

  Result<void> add_block(const ConvTasNetBlock& block, const std::string& name, NodeId& x,
                         NodeId& skip_sum) {
    TESSERA_TRY(NodeId y, add(block.in_conv, x, name + "in_conv"));
    TESSERA_TRY(y, add(block.prelu_1, y, name + "prelu_1"));
    TESSERA_TRY(y, add(block.norm_1, y, name + "norm_1"));
    TESSERA_TRY(y, add(block.pad, y, name + "pad"));
    TESSERA_TRY(y, add(block.depthwise, y, name + "depthwise"));
    if (block.cut_right > 0) {
      const int64_t kept = graph_.node(y).shape.w - block.cut_right;
      TESSERA_TRY(y, editor_.add(Slice{Axis::w, 0, kept, 1}, {y}, name + "cut"));
    }
    TESSERA_TRY(y, add(block.prelu_2, y, name + "prelu_2"));
    TESSERA_TRY(y, add(block.norm_2, y, name + "norm_2"));
    if (block.skip_conv) {
      TESSERA_TRY(const NodeId skip, add(*block.skip_conv, y, name + "skip_conv"));
      if (skip_sum == kNoNode) {
        skip_sum = skip;
      } else {
        TESSERA_TRY(skip_sum, editor_.add(Add{}, {skip_sum, skip}, name + "skip_sum"));
      }
    }
    if (block.res_conv) {
      TESSERA_TRY(const NodeId residual, add(*block.res_conv, y, name + "res_conv"));
      TESSERA_TRY(x, editor_.add(Add{}, {x, residual}, name + "residual"));
    }
    return {};
  }

  Result<NodeId> add_mask_head(NodeId features) {
    TESSERA_TRY(NodeId x, add(net_.mask_prelu, features, "mask.prelu"));
    TESSERA_TRY(x, add(net_.mask_conv, x, "mask.conv"));
    return add(net_.mask_act, x, "mask.act");
  }

  Result<NodeId> add_source(NodeId encoded, NodeId masks, int64_t source) {
    const std::string suffix = fmt::format("s{}", source + 1);
    NodeId mask = masks;
    if (net_.n_src > 1) {
      const Slice slice{Axis::c, source * net_.mask_channels, (source + 1) * net_.mask_channels, 1};
      TESSERA_TRY(mask, editor_.add(slice, {masks}, "mask." + suffix));
    }
    TESSERA_TRY(const NodeId masked, editor_.add(Mul{}, {encoded, mask}, "masked." + suffix));
    return add(net_.decoder, masked, "decoder." + suffix);
  }

  // Right-pads with zeros or trims to the input's length.
  Result<NodeId> fit_length(NodeId sources, int64_t length) {
    const int64_t decoded = graph_.node(sources).shape.w;
    if (decoded < length) {
      return editor_.add(Pad{Padding{0, 0, 0, length - decoded}, PadMode::zero}, {sources}, "fit");
    }
    if (decoded > length) return editor_.add(Slice{Axis::w, 0, length, 1}, {sources}, "fit");
    return sources;
  }

  const ConvTasNet& net_;
  Graph graph_;
  GraphEditor editor_;
};

}  // namespace

int64_t ConvTasNetNetwork::min_length() const {
  if (net_.border > 0) return 1;
  int64_t frames = 1;
  for (const ConvTasNetBlock& block : net_.blocks) {
    if (!block.pad) continue;
    const Padding& padding = std::get<Pad>(block.pad->op).padding;
    frames = std::max(
        {frames, padding.left + 1, padding.right + 1});  // a reflection needs that many to mirror
  }
  return (frames - 1) * net_.stride + net_.kernel;
}

Result<Graph> ConvTasNetNetwork::instantiate(int64_t length_samples) const {
  if (length_samples < min_length()) {
    return TESSERA_ERROR(
        kInvalidArgument, "",
        fmt::format("an input of {} is shorter than the {} the network needs (encoder kernel {})",
                    counted(length_samples, "sample"), min_length(), net_.kernel),
        fmt::format("give at least {} samples", min_length()));
  }
  if (length_samples > kMaxLength) {
    return TESSERA_ERROR(
        kResourceLimit, "",
        fmt::format("an input of {} samples exceeds the limit of {}", length_samples, kMaxLength),
        "give a shorter one");
  }
  return Builder(net_).build(length_samples);
}

}  // namespace tessera
