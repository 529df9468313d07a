#include "support/random_norms.h"

#include <cmath>
#include <string>

#include "support/random_values.h"

namespace tessera::test {
namespace {

class Maker {
 public:
  Maker(uint32_t seed, bool split) : random_(seed ^ 0x4E0237U), split_(split) {}

  Graph make() {
    const int64_t branches = random_.integer(1, 3);
    int64_t frames = random_.pick<int64_t>({7, 50, 99, 400, 1999});
    for (int64_t i = 0; i < branches; ++i) {
      NodeId x = add(Input{{some_width(), 1, frames}}, {});
      for (int64_t n = random_.integer(2, 5); n > 0; --n) x = norm(layer(x));
      editor_.add_output("y" + std::to_string(i), x);
      frames = random_.chance(0.5) ? frames : frames + random_.integer(1, 30);
    }
    editor_.enter(split_ ? GraphForm::rewriting : GraphForm::imported).value();
    return std::move(graph_);
  }

 private:
  // Names of random length: whatever depends on where memory is given out, differs.
  NodeId add(Op op, std::vector<NodeId> inputs) {
    std::string name(static_cast<size_t>(random_.integer(1, 60)), 'n');
    return editor_.add(std::move(op), std::move(inputs), std::move(name)).value();
  }
  const Shape& shape(NodeId id) const { return graph_.node(id).shape; }
  int64_t some_width() { return random_.pick<int64_t>({4, 8, 8, 12, 20, 20, 32}); }

  NodeId layer(NodeId x) {
    const int64_t c = shape(x).c;
    if (random_.chance(0.2)) {
      const int64_t dilation = random_.integer(1, 4);
      return add(Conv{.weight = random_.tensor({c, 1, 1, 3}, -1, 1),
                      .dilation = {1, dilation},
                      .padding = {0, 0, 2 * dilation, 0},
                      .groups = c},
                 {x});
    }
    const int64_t width = some_width();
    const float bound = std::sqrt(3.0F / static_cast<float>(c));
    if (random_.chance(0.15) && shape(x).w < 500) {
      return add(ConvTranspose{.weight = random_.tensor({c, width, 1, 4}, -bound, bound),
                               .stride = {1, 2}},
                 {x});
    }
    const bool halves = random_.chance(0.15) && shape(x).w > 20;
    return add(Conv{.weight = random_.tensor({width, c, 1, halves ? 2 : 1}, -bound, bound),
                    .bias = random_.tensor({width}, -0.3F, 0.3F),
                    .stride = {1, halves ? 2 : 1}},
               {x});
  }

  // That of an earlier norm now and then, where the widths are equal.
  Tensor weight(int64_t channels, float low, float high) {
    if (random_.chance(0.3) && last_.size() == channels) return last_;
    return last_ = random_.tensor({channels}, low, high);
  }

  NodeId norm(NodeId x) {
    const int64_t c = shape(x).c;
    const NormKind kind = random_.pick(
        {NormKind::cumulative, NormKind::cumulative, NormKind::cumulative, NormKind::global,
         NormKind::feature_wise, NormKind::channel_wise, NormKind::batch});
    const double eps = random_.pick({1e-8, 1e-5});
    if (split_ && kind != NormKind::batch && random_.chance(0.5)) {
      const Tensor gamma = weight(c, 0.5F, 1.5F);
      const NodeId statistics = add(NormStatistics{.kind = kind,
                                                   .gamma = gamma,
                                                   .beta = weight(c, -0.5F, 0.5F),
                                                   .center = gamma,
                                                   .eps = eps},
                                    {x});
      return add(ScaleShift{}, {x, statistics});
    }
    Norm op{
        .kind = kind, .gamma = weight(c, 0.5F, 1.5F), .beta = weight(c, -0.5F, 0.5F), .eps = eps};
    if (kind == NormKind::batch) {
      op.mean = random_.tensor({c}, -0.5F, 0.5F);
      op.variance = random_.tensor({c}, 0.5F, 2);
    }
    return add(std::move(op), {x});
  }

  Random random_;
  bool split_;
  Tensor last_;
  Graph graph_;
  GraphEditor editor_{graph_, "test"};
};

}  // namespace

Graph random_norms(uint32_t seed, bool split) {
  return Maker(seed, split).make();
}

}  // namespace tessera::test
