// A small separator in the shape of Conv-TasNet, for tests of drawings.
#pragma once

#include "graph/canonical.h"
#include "tessera/compiler/graph.h"

namespace tessera {

class TcnBuilder {
 public:
  // `skips`: with a skip path; otherwise the mask comes from the residual stream.
  static Graph build(int64_t repeats, int64_t blocks, bool skips = true) {
    Graph graph;
    TcnBuilder(graph).run(repeats, blocks, skips);
    return canonical_order(graph).value();
  }

 private:
  explicit TcnBuilder(Graph& graph) : editor_(graph, "test") {}

  static Conv conv(int64_t out, int64_t in, int64_t kernel = 1, int64_t groups = 1) {
    Conv op;
    op.weight = Tensor::full({out, in / groups, 1, kernel}, 0.5F);
    op.bias = Tensor::full({out}, 0.1F);
    op.groups = groups;
    return op;
  }
  static Norm norm(int64_t channels) {
    Norm op;
    op.gamma = Tensor::full({channels}, 1);
    op.beta = Tensor::full({channels}, 0);
    return op;
  }
  static Unary prelu() {
    Unary op;
    op.kind = UnaryKind::prelu;
    op.slope = Tensor::full({1}, 0.25F);
    return op;
  }
  NodeId add(Op op, std::vector<NodeId> inputs) {
    return editor_.add(std::move(op), std::move(inputs)).value();
  }

  void run(int64_t repeats, int64_t blocks, bool skips) {
    const NodeId wave = add(Input{{1, 1, 808}}, {});
    Conv encoder = conv(16, 1, 16);
    encoder.stride.w = 8;
    const NodeId encoded = add(encoder, {wave});
    NodeId stream = add(conv(8, 16), {add(norm(16), {encoded})});
    NodeId sum = kNoNode;
    for (int64_t i = 0; i < repeats * blocks; ++i) {
      NodeId x = add(norm(24), {add(prelu(), {add(conv(24, 8), {stream})})});
      Conv depthwise = conv(24, 24, 3, 24);
      depthwise.dilation.w = int64_t{1} << (i % blocks);
      depthwise.padding.left = depthwise.padding.right = depthwise.dilation.w;
      x = add(norm(24), {add(prelu(), {add(depthwise, {x})})});
      if (skips) {
        const NodeId skip = add(conv(8, 24), {x});
        sum = sum == kNoNode ? skip : add(Add{}, {sum, skip});
      }
      stream = add(Add{}, {stream, add(conv(8, 24), {x})});
    }
    const NodeId mask = add(conv(32, 8), {add(prelu(), {skips ? sum : stream})});
    std::vector<NodeId> voices;
    for (int64_t s = 0; s < 2; ++s) {
      const NodeId part = add(Slice{Axis::c, s * 16, (s + 1) * 16, 1}, {mask});
      ConvTranspose decoder;
      decoder.weight = Tensor::full({16, 1, 1, 16}, 0.5F);
      decoder.stride.w = 8;
      voices.push_back(add(decoder, {add(Mul{}, {encoded, part})}));
    }
    editor_.add_output("voices", add(Concat{Axis::c}, voices));
  }

  GraphEditor editor_;
};

}  // namespace tessera
