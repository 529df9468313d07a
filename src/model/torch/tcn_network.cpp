// The graph of a TCN.
#include <fmt/format.h>

#include "base/counted.h"
#include "graph/canonical.h"
#include "model/torch/tcn.h"

namespace tessera {
namespace {

constexpr int64_t kMaxFrames = int64_t{1} << 30;

class TcnBuilder {
 public:
  explicit TcnBuilder(const Tcn& net) : net_(net), editor_(graph_, "import") {}

  Result<Graph> build(int64_t frames) {
    TESSERA_TRY(NodeId x, editor_.add(Input{{net_.channels(), 1, frames}}, {}, "input"));
    for (size_t i = 0; i < net_.blocks.size(); ++i) {
      TESSERA_TRY(x, add_block(net_.blocks[i], fmt::format("tcn.{}.", i), x));
    }
    TESSERA_TRY(x, add_pool(x, frames));
    for (size_t i = 0; i < net_.heads.size(); ++i) {
      const std::string name = fmt::format("head.{}", i);
      TESSERA_TRY(x, add_head(net_.heads[i], x, name));
      if (i + 1 < net_.heads.size()) {
        TESSERA_TRY(x, editor_.add(net_.activation, {x}, name + ".act"));
      }
    }
    if (net_.softmax) {
      TESSERA_TRY(x, editor_.add(Softmax{SoftmaxOver::channel, 1}, {x}, "softmax"));
    }
    editor_.add_output("output", x);
    TESSERA_TRY(graph_, canonical_order(graph_));
    GraphEditor finished(graph_, "import");
    TESSERA_TRY_VOID(finished.enter(GraphForm::imported));
    return std::move(graph_);
  }

 private:
  Result<NodeId> add_block(const TcnBlock& block, const std::string& name, NodeId x) {
    NodeId y = x;
    for (size_t i = 0; i < block.convs.size(); ++i) {
      const TcnConv& conv = block.convs[i];
      const std::string own = fmt::format("{}conv{}", name, i + 1);
      TESSERA_TRY(y, editor_.add(conv.conv.op, {y}, own, conv.conv.source));
      if (conv.norm) {
        TESSERA_TRY(y, editor_.add(conv.norm->op, {y}, own + ".norm", conv.norm->source));
      }
      TESSERA_TRY(y, add_activation(conv.activation, y, own + ".act"));
    }
    NodeId residual = x;
    if (block.residual) {
      TESSERA_TRY(residual,
                  editor_.add(block.residual->op, {x}, name + "residual", block.residual->source));
    }
    TESSERA_TRY(y, editor_.add(Add{}, {y, residual}, name + "sum"));
    if (!net_.activates_sum) return y;
    return add_activation(block.sum_activation, y, name + "out");
  }

  Result<NodeId> add_activation(const std::optional<ConvTasNetLayer>& own, NodeId x,
                                const std::string& name) {
    if (own) return editor_.add(own->op, {x}, name, own->source);
    return editor_.add(net_.activation, {x}, name);
  }

  Result<NodeId> add_pool(NodeId x, int64_t frames) {
    switch (net_.pool) {
      case TcnPool::none: return x;
      case TcnPool::average: return editor_.add(GlobalPool{PoolKind::average}, {x}, "pool");
      case TcnPool::max: return editor_.add(GlobalPool{PoolKind::max}, {x}, "pool");
      case TcnPool::last: break;
    }
    return editor_.add(Slice{Axis::w, frames - 1, frames, 1}, {x}, "last_frame");
  }

  // Over time a linear layer is a pointwise convolution.
  Result<NodeId> add_head(const ConvTasNetLayer& head, NodeId x, const std::string& name) {
    if (graph_.node(x).shape.w == 1) return editor_.add(head.op, {x}, name, head.source);
    const auto& gemm = std::get<Gemm>(head.op);
    Conv conv;
    conv.weight = gemm.weight.reshaped({gemm.weight.dim(0), gemm.weight.dim(1), 1, 1});
    conv.bias = gemm.bias;
    return editor_.add(std::move(conv), {x}, name, head.source);
  }

  const Tcn& net_;
  Graph graph_;
  GraphEditor editor_;
};

}  // namespace

int64_t Tcn::channels() const {
  return std::get<Conv>(blocks.front().convs.front().conv.op).weight.dim(1);
}

Result<Graph> TcnNetwork::instantiate(int64_t length_samples) const {
  if (length_samples < 1 || length_samples > kMaxFrames) {
    return TESSERA_ERROR(kInvalidArgument, "",
                         fmt::format("a window of {} is none that the network takes",
                                     counted(length_samples, "frame")),
                         fmt::format("give 1 to {} frames", kMaxFrames));
  }
  return TcnBuilder(net_).build(length_samples);
}

}  // namespace tessera
