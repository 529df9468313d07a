// The reference kernels against PyTorch: tools/vectors/ops.py wrote the results.
#include <cmath>

#include <gtest/gtest.h>

#include "base/npy.h"
#include "kernels/evaluate_op.h"

namespace tessera {
namespace {

// Results were computed in float64 and rounded to float32; so do the kernels. What remains is the
// order of float64 additions.
constexpr float kRelativeTolerance = 2e-7F;

// pattern() of tools/vectors/ops.py.
std::vector<float> pattern(int64_t seed, int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>((i * 37 + seed * 101 + i * i * 7) % 64 - 32) / 16.0F);
  return values;
}
Tensor weights(int64_t seed, std::vector<int64_t> dims) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  return Tensor(std::move(dims), pattern(seed, count));
}
test::Value input(int64_t seed, Shape shape) {
  return {shape, pattern(seed, shape.size())};
}
test::Value mapped(test::Value value, float (*function)(float)) {
  for (float& x : value.values) x = function(x);
  return value;
}

struct Case {
  std::string name;
  Op op;
  std::vector<test::Value> operands;
};
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest's name
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

std::vector<Case> convolutions() {
  const test::Value x = input(1, {6, 2, 23});
  const Tensor bias4 = weights(3, {4});
  return {
      {"conv_plain", Conv{.weight = weights(2, {4, 6, 1, 3}), .bias = bias4}, {x}},
      {"conv_dilated",
       Conv{.weight = weights(2, {4, 6, 1, 3}), .dilation = {1, 4}, .padding = {0, 0, 4, 4}},
       {x}},
      {"conv_strided",
       Conv{.weight = weights(2, {4, 6, 1, 5}),
            .bias = bias4,
            .stride = {1, 3},
            .padding = {0, 0, 2, 2}},
       {x}},
      {"conv_depthwise",
       Conv{.weight = weights(2, {6, 1, 1, 3}),
            .bias = weights(3, {6}),
            .padding = {0, 0, 1, 1},
            .groups = 6},
       {x}},
      {"conv_grouped",
       Conv{.weight = weights(2, {9, 2, 1, 4}),
            .bias = weights(3, {9}),
            .stride = {1, 2},
            .groups = 3},
       {x}},
      {"conv_2d",
       Conv{.weight = weights(2, {3, 6, 2, 3}),
            .bias = weights(3, {3}),
            .stride = {2, 2},
            .padding = {1, 1, 1, 1}},
       {x}},
      {"conv_causal",
       Conv{.weight = weights(2, {4, 6, 1, 3}),
            .bias = bias4,
            .dilation = {1, 2},
            .padding = {0, 0, 4, 0}},
       {x}},
      {"conv_long",
       Conv{.weight = weights(2, {2, 2, 1, 3}),
            .bias = weights(3, {2}),
            .dilation = {1, 100},
            .padding = {0, 0, 100, 100}},
       {input(4, {2, 1, 1300})}},
      {"conv_transpose_plain",
       ConvTranspose{.weight = weights(2, {6, 3, 1, 4}), .bias = weights(3, {3}), .stride = {1, 2}},
       {x}},
      {"conv_transpose_cropped",
       ConvTranspose{.weight = weights(2, {6, 3, 1, 5}),
                     .bias = weights(3, {3}),
                     .stride = {1, 3},
                     .crop = {0, 0, 2, 2},
                     .extra = {0, 1}},
       {x}},
      {"conv_transpose_grouped",
       ConvTranspose{.weight = weights(2, {6, 2, 1, 4}),
                     .bias = weights(3, {6}),
                     .stride = {1, 2},
                     .dilation = {1, 2},
                     .groups = 3},
       {x}},
      {"conv_transpose_2d",
       ConvTranspose{.weight = weights(2, {6, 2, 3, 2}), .stride = {2, 1}, .crop = {1, 1, 0, 0}},
       {x}},
      {"conv_transpose_long",
       ConvTranspose{.weight = weights(2, {2, 1, 1, 16}), .stride = {1, 8}},
       {input(4, {2, 1, 150})}},
  };
}

std::vector<Case> norms() {
  const test::Value x = input(1, {6, 1, 23});
  const auto norm = [](NormKind kind) {
    return Norm{.kind = kind, .gamma = weights(2, {6}), .beta = weights(3, {6}), .eps = 1e-3};
  };
  Norm batch = norm(NormKind::batch);
  batch.mean = weights(4, {6});
  std::vector<float> variance = pattern(5, 6);
  for (float& v : variance) v = std::abs(v) + 0.5F;
  batch.variance = Tensor({6}, variance);
  return {{"norm_global", norm(NormKind::global), {x}},
          {"norm_feature_wise", norm(NormKind::feature_wise), {x}},
          {"norm_channel_wise", norm(NormKind::channel_wise), {x}},
          {"norm_cumulative", norm(NormKind::cumulative), {x}},
          {"norm_batch", batch, {x}}};
}

std::vector<Case> unaries() {
  const test::Value x = mapped(input(1, {6, 2, 11}), [](float v) { return 2 * v; });
  const test::Value positive = mapped(x, [](float v) { return std::abs(v) + 0.25F; });
  const auto unary = [](UnaryKind kind) { return Unary{.kind = kind}; };
  return {
      {"unary_relu", unary(UnaryKind::relu), {x}},
      {"unary_prelu_shared", Unary{.kind = UnaryKind::prelu, .slope = weights(2, {1})}, {x}},
      {"unary_prelu_channels", Unary{.kind = UnaryKind::prelu, .slope = weights(2, {6})}, {x}},
      {"unary_sigmoid", unary(UnaryKind::sigmoid), {x}},
      {"unary_tanh", unary(UnaryKind::tanh), {x}},
      {"unary_elu", Unary{.kind = UnaryKind::elu, .alpha = 0.75}, {x}},
      {"unary_gelu", unary(UnaryKind::gelu), {x}},
      {"unary_silu", unary(UnaryKind::silu), {x}},
      {"unary_softplus", unary(UnaryKind::softplus), {x}},
      {"unary_hard_sigmoid",
       Unary{.kind = UnaryKind::hard_sigmoid, .alpha = 1.0 / 6, .beta = 0.5},
       {x}},
      {"unary_clip", Unary{.kind = UnaryKind::clip, .alpha = -1.5, .beta = 0.5}, {x}},
      {"unary_exp", unary(UnaryKind::exp), {x}},
      {"unary_log", unary(UnaryKind::log), {positive}},
      {"unary_sqrt", unary(UnaryKind::sqrt), {positive}},
      {"unary_square", unary(UnaryKind::square), {x}},
      {"unary_reciprocal", unary(UnaryKind::reciprocal), {positive}},
      {"unary_abs", unary(UnaryKind::abs), {x}},
      {"unary_neg", unary(UnaryKind::neg), {x}},
      {"unary_erf", unary(UnaryKind::erf), {x}},
  };
}

std::vector<Case> others() {
  const test::Value x = input(1, {6, 2, 11});
  const test::Value y = mapped(input(2, {6, 2, 11}), [](float v) { return v + 3; });
  test::Value first_frames{{6, 2, 1}, {}};
  for (size_t row = 0; row < 12; ++row) first_frames.values.push_back(x.values[row * 11]);
  const Padding border{1, 0, 2, 3};
  const auto pool = [](PoolKind kind, bool count_padding) {
    return Pool{.kind = kind,
                .kernel = {1, 3},
                .stride = {1, 2},
                .padding = {0, 0, 1, 1},
                .count_padding = count_padding};
  };
  return {
      {"softmax_source", Softmax{SoftmaxOver::source, 3}, {x}},
      {"softmax_channel", Softmax{SoftmaxOver::channel, 3}, {x}},
      {"softmax_time", Softmax{SoftmaxOver::time, 3}, {x}},
      {"pool_max", pool(PoolKind::max, true), {x}},
      {"pool_average", pool(PoolKind::average, true), {x}},
      {"pool_average_covered", pool(PoolKind::average, false), {x}},
      {"pool_2d", Pool{.kind = PoolKind::max, .kernel = {2, 2}, .stride = {1, 3}}, {x}},
      {"global_pool_average", GlobalPool{PoolKind::average}, {x}},
      {"global_pool_max", GlobalPool{PoolKind::max}, {x}},
      {"pad_zero", Pad{border, PadMode::zero}, {x}},
      {"pad_reflect", Pad{border, PadMode::reflect}, {x}},
      {"pad_edge", Pad{border, PadMode::edge}, {x}},
      {"gemm", Gemm{weights(2, {5, 6}), weights(3, {5})}, {first_frames}},
      {"reduce_sum_c", Reduce{.kind = ReduceKind::sum, .over_c = true}, {x}},
      {"reduce_mean_cw", Reduce{.kind = ReduceKind::mean, .over_c = true, .over_w = true}, {x}},
      {"reduce_max_h", Reduce{.kind = ReduceKind::max, .over_h = true}, {x}},
      {"reduce_min_all", Reduce{ReduceKind::min, true, true, true}, {x}},
      {"cumulative_sum", CumulativeSum{}, {x}},
      {"binary_pow", Binary{BinaryKind::pow}, {y, x}},
      {"binary_div", Binary{BinaryKind::div}, {x, y}},
      {"binary_max", Binary{BinaryKind::max}, {x, input(2, {6, 1, 11})}},
      {"binary_min", Binary{BinaryKind::min}, {x, input(2, {6, 2, 1})}},
      {"binary_sub", Binary{BinaryKind::sub}, {x, input(2, {1, 2, 11})}},
  };
}

class ReferenceTorch : public ::testing::TestWithParam<Case> {};

TEST_P(ReferenceTorch, GivesTheSameValues) {
  const Case& c = GetParam();
  const NpyArray expected =
      read_npy(std::string(TESSERA_SOURCE_DIR "/tests/data/ops/") + c.name + ".npy").value();
  const test::Value result = test::evaluate_op(c.op, c.operands);
  ASSERT_EQ(expected.dims, (std::vector<int64_t>{result.shape.c, result.shape.h, result.shape.w}));
  for (size_t i = 0; i < expected.values.size(); ++i) {
    ASSERT_NEAR(result.values[i], expected.values[i],
                kRelativeTolerance * std::max(1.0F, std::abs(expected.values[i])))
        << "element " << i;
  }
}

const auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Convolutions, ReferenceTorch, ::testing::ValuesIn(convolutions()), kName);
INSTANTIATE_TEST_SUITE_P(Norms, ReferenceTorch, ::testing::ValuesIn(norms()), kName);
INSTANTIATE_TEST_SUITE_P(Unaries, ReferenceTorch, ::testing::ValuesIn(unaries()), kName);
INSTANTIATE_TEST_SUITE_P(Others, ReferenceTorch, ::testing::ValuesIn(others()), kName);

}  // namespace
}  // namespace tessera
