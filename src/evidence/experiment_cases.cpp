#include <cmath>

#include <fmt/format.h>

#include "base/noise.h"
#include "evidence/experiment.h"

namespace tessera {
namespace {

constexpr int64_t kStripes = 8;  // columns that the chip handles at once
constexpr int64_t kDilations[] = {4, 8, 16, 32, 64, 128};
constexpr int kRows = 5;  // between the ends of the limit

Tensor random_tensor(std::vector<int64_t> dims) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  Noise noise;
  std::vector<float> values(static_cast<size_t>(count));
  const float scale = 1 / std::sqrt(static_cast<float>(count / dims[0]));
  for (float& value : values) value = scale * noise.next();
  return {std::move(dims), std::move(values)};
}

Conv conv(int64_t out, int64_t in, int64_t rows, int64_t dilation = 1) {
  Conv op{random_tensor({out, in, rows, 1}), random_tensor({out})};
  op.dilation.h = dilation;
  return op;
}

// Makes small graphs of one input; what cannot be made is a bug here.
class Builder {
 public:
  explicit Builder(const Shape& input) { last_ = add(Input{input}, {}, "input"); }

  Builder& then(Op op, const std::string& name) {
    last_ = add(std::move(op), {last_}, name);
    return *this;
  }
  Builder& with_runtime_input(Op op, const Shape& shape, const std::string& name) {
    const NodeId factor = add(Input{shape}, {}, "factor");
    last_ = add(std::move(op), {last_, factor}, name);
    return *this;
  }
  Builder& joined_with_input(Op op, const std::string& name) {
    last_ = add(std::move(op), {last_, graph_.inputs()[0]}, name);
    return *this;
  }
  Graph build() {
    editor_.add_output("output", last_);
    const Result<void> made = editor_.enter(GraphForm::imported);
    TESSERA_CHECK(made.has_value(), "a network of an experiment is sound");
    return std::move(graph_);
  }

 private:
  NodeId add(Op op, std::vector<NodeId> inputs, const std::string& name) {
    const Result<NodeId> made = editor_.add(std::move(op), std::move(inputs), name);
    TESSERA_CHECK(made.has_value(), "a network of an experiment is sound");
    return *made;
  }

  Graph graph_;
  GraphEditor editor_{graph_, "experiment"};
  NodeId last_ = kNoNode;
};

void add_dilations(const Target& target, std::vector<ExperimentCase>& cases) {
  for (int64_t dilation : kDilations) {
    if (target.limit("dilation").judge(dilation) != Verdict::unknown) continue;
    const int64_t rows = 2 * dilation + 64;
    cases.push_back(
        {fmt::format("dilation_h_{}", dilation),
         fmt::format("a depthwise convolution with dilation {} along H", dilation),
         Builder({32, rows, kStripes})
             .then(
                 Conv{random_tensor({32, 1, 3, 1}), random_tensor({32}), {}, {dilation, 1}, {}, 32},
                 "depthwise")
             .build(),
         false, "dilation", dilation});
  }
}

// Widths at equal ratios, in steps of the eight columns that rows are padded to.
void add_rows(const Target& target, std::vector<ExperimentCase>& cases) {
  constexpr int64_t kChannels = 64;
  const Limit& limit = target.limit("row_bytes");
  if (!limit.pass || !limit.fail || *limit.pass <= 0) return;
  const double ratio = static_cast<double>(*limit.fail) / static_cast<double>(*limit.pass);
  int64_t before = *limit.pass;
  for (int i = 1; i <= kRows; ++i) {
    const double bytes =
        static_cast<double>(*limit.pass) * std::pow(ratio, i / static_cast<double>(kRows + 1));
    const int64_t columns =
        static_cast<int64_t>(bytes / static_cast<double>(kChannels * kStripes)) * kStripes;
    const int64_t row = columns * kChannels;
    if (row <= before || row >= *limit.fail) continue;
    before = row;
    cases.push_back(
        {fmt::format("row_{}", row),
         fmt::format("a pointwise convolution over rows of {} bytes ({} columns)", row, columns),
         Builder({kChannels, 1, columns}).then(conv(kChannels, kChannels, 1), "pointwise").build(),
         false, "row_bytes", row});
  }
}

void add_layouts(std::vector<ExperimentCase>& cases) {
  cases.push_back({"stripes_pointwise",
                   "512 channels over 1000 rows of eight columns: time on H, whatever its length",
                   Builder({512, 1000, kStripes}).then(conv(128, 512, 1), "pointwise").build(),
                   false, "", 0});
  cases.push_back({"stripes_kernel", "the same with a kernel of three rows",
                   Builder({128, 1000, kStripes}).then(conv(128, 128, 3), "conv").build(), false,
                   "", 0});
  cases.push_back({"broadcast_multiply",
                   "a product with one factor per channel that is an input of the network",
                   Builder({64, 1, 512})
                       .then(conv(64, 64, 1), "pointwise")
                       .with_runtime_input(Mul{}, {64, 1, 1}, "product")
                       .build(),
                   false, "", 0});
}

void add_precisions(std::vector<ExperimentCase>& cases) {
  cases.push_back({"int16_pointwise", "a pointwise convolution with activations of 16 bits",
                   Builder({64, 1, 256}).then(conv(64, 64, 1), "pointwise").build(), true, "", 0});
  cases.push_back({"int16_residual", "a residual sum with activations of 16 bits",
                   Builder({64, 1, 256})
                       .then(conv(64, 64, 1), "pointwise")
                       .joined_with_input(Add{}, "sum")
                       .build(),
                   true, "", 0});
}

}  // namespace

std::vector<ExperimentCase> experiment_cases(const Target& target) {
  std::vector<ExperimentCase> cases;
  add_dilations(target, cases);
  add_rows(target, cases);
  add_layouts(cases);
  add_precisions(cases);
  return cases;
}

}  // namespace tessera
