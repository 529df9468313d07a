#include "support/conv_tasnet.h"

#include <cmath>

#include <fmt/format.h>

#include "support/random_values.h"

namespace tessera::test {
namespace {

class Builder {
 public:
  Builder(const ConvTasNet& network, uint32_t seed) : net_(network), random_(seed) {}

  Graph build() {
    const NodeId wav = add(Input{{1, 1, net_.samples}}, {}, "wav");
    NodeId encoded = conv(wav, net_.filters, net_.kernel,
                          {.stride = {1, net_.stride}, .bias = false}, "encoder");
    if (net_.encoder_relu) encoded = add(Unary{.kind = UnaryKind::relu}, {encoded});
    NodeId x = pointwise(norm(encoded, "bottleneck.norm"), net_.bottleneck, "bottleneck");
    NodeId skips = kNoNode;
    for (int64_t i = 0; i < net_.repeats * net_.blocks; ++i) add_block(i, x, skips);
    const NodeId head = prelu(net_.skip > 0 ? skips : x, "mask.prelu");
    NodeId mask = pointwise(head, net_.sources * net_.filters, "mask");
    mask = add(net_.mask_activation, {mask}, "mask.activation");
    editor_.add_output("voices", decode(mask, encoded));
    editor_.enter(GraphForm::imported).value();
    return std::move(graph_);
  }

 private:
  NodeId add(Op op, std::vector<NodeId> inputs, std::string name = "") {
    return editor_.add(std::move(op), std::move(inputs), std::move(name)).value();
  }
  int64_t channels(NodeId id) const { return graph_.node(id).shape.c; }

  struct ConvForm {
    Extent stride = {};
    Extent dilation = {};
    Padding padding = {};
    int64_t groups = 1;
    bool bias = true;
  };
  NodeId conv(NodeId x, int64_t outputs, int64_t kernel, ConvForm form, const std::string& name) {
    const int64_t inputs = channels(x) / form.groups;
    const float bound = std::sqrt(3.0F / static_cast<float>(inputs * kernel));  // keeps variance
    return add(Conv{.weight = random_.tensor({outputs, inputs, 1, kernel}, -bound, bound),
                    .bias = form.bias ? random_.tensor({outputs}, -0.1F, 0.1F) : Tensor(),
                    .stride = form.stride,
                    .dilation = form.dilation,
                    .padding = form.padding,
                    .groups = form.groups},
               {x}, name);
  }
  NodeId pointwise(NodeId x, int64_t outputs, const std::string& name) {
    return conv(x, outputs, 1, {}, name);
  }
  NodeId prelu(NodeId x, const std::string& name) {
    const int64_t slopes = net_.channel_slopes ? channels(x) : 1;
    return add(Unary{.kind = UnaryKind::prelu, .slope = random_.tensor({slopes}, 0.05F, 0.5F)}, {x},
               name);
  }
  NodeId norm(NodeId x, const std::string& name) {
    const int64_t c = channels(x);
    Norm norm{.kind = net_.norm,
              .gamma = random_.tensor({c}, 0.5F, 1.5F),
              .beta = random_.tensor({c}, -0.3F, 0.3F)};
    if (net_.norm == NormKind::batch) {
      norm.eps = 1e-5;
      norm.mean = random_.tensor({c}, -0.3F, 0.3F);
      norm.variance = random_.tensor({c}, 0.5F, 1.5F);
    }
    return add(std::move(norm), {x}, name);
  }

  void add_block(int64_t index, NodeId& x, NodeId& skips) {
    const std::string name = fmt::format("tcn.{}", index);
    const int64_t dilation = int64_t{1} << (index % net_.blocks);
    const int64_t reach = (net_.depthwise_kernel - 1) * dilation;
    NodeId y =
        norm(prelu(pointwise(x, net_.hidden, name + ".in"), name + ".prelu1"), name + ".norm1");
    y = conv(y, net_.hidden, net_.depthwise_kernel,
             {.dilation = {1, dilation},
              .padding = {0, 0, net_.causal ? reach : reach / 2, net_.causal ? 0 : reach / 2},
              .groups = net_.hidden},
             name + ".depthwise");
    y = norm(prelu(y, name + ".prelu2"), name + ".norm2");
    const bool last = index == net_.repeats * net_.blocks - 1;
    if (!last || net_.skip == 0)
      x = add(Add{}, {x, pointwise(y, net_.bottleneck, name + ".residual")}, name + ".out");
    if (net_.skip > 0) {
      const NodeId skip = pointwise(y, net_.skip, name + ".skip");
      skips = skips == kNoNode ? skip : add(Add{}, {skips, skip}, name + ".skips");
    }
  }

  NodeId decode(NodeId mask, NodeId encoded) {
    const float bound = std::sqrt(3.0F / static_cast<float>(net_.filters * 2));
    const Tensor weight = random_.tensor({net_.filters, 1, 1, net_.kernel}, -bound, bound);
    std::vector<NodeId> voices;
    for (int64_t s = 0; s < net_.sources; ++s) {
      NodeId own = mask;
      if (net_.sources > 1)
        own = add(Slice{Axis::c, s * net_.filters, (s + 1) * net_.filters, 1}, {mask});
      const NodeId masked = add(Mul{}, {encoded, own});
      voices.push_back(add(ConvTranspose{.weight = weight, .stride = {1, net_.stride}}, {masked}));
    }
    const NodeId joined = net_.sources > 1 ? add(Concat{Axis::c}, voices) : voices[0];
    const int64_t length = graph_.node(joined).shape.w;
    if (length < net_.samples)
      return add(Pad{{0, 0, 0, net_.samples - length}, PadMode::zero}, {joined});
    return joined;
  }

  const ConvTasNet& net_;
  Random random_;
  Graph graph_;
  GraphEditor editor_{graph_, "import"};
};

}  // namespace

Graph build(const ConvTasNet& network, uint32_t seed) {
  return Builder(network, seed).build();
}

}  // namespace tessera::test
