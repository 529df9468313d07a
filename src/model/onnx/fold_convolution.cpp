#include "model/onnx/fold_convolution.h"

#include <array>

#include <fmt/format.h>

namespace tessera::onnx_import {
namespace {

constexpr int64_t kMaxProducts = int64_t{1} << 26;
constexpr int64_t kMaxBorder = int64_t{1} << 30;

struct Sizes {
  int64_t rows = 1;
  int64_t in = 1;
  int64_t out = 1;
  std::array<int64_t, 2> from{1, 1};
  std::array<int64_t, 2> to{1, 1};
};

Error bad_convolution(std::string message) {
  return TESSERA_ERROR(kInvalidModel, "", std::move(message), "");
}

std::array<Window, 2> two_windows(const std::vector<Window>& windows) {
  if (windows.size() == 1) return {Window{}, windows[0]};
  return {windows[0], windows[1]};
}

Result<Sizes> sizes_of(const ConstArray& x, const ConstArray& weight, const Tensor& bias,
                       const FoldedConvolution& convolution) {
  const Dims& xd = x.dims();
  const Dims& wd = weight.dims();
  const int64_t groups = convolution.groups;
  Sizes s;
  s.rows = xd[0];
  s.in = xd[1];
  if (groups < 1 || s.in < 1 || s.in % groups != 0 || wd[0] < 1 || wd[1] < 1)
    return bad_convolution(fmt::format("convolves {} with {} in {} groups", dims_to_string(xd),
                                       dims_to_string(wd), groups));
  const bool fits =
      convolution.transposed ? wd[0] == s.in : wd[1] == s.in / groups && wd[0] % groups == 0;
  s.out = convolution.transposed ? wd[1] * groups : wd[0];
  if (!fits || (!bias.empty() && bias.size() != s.out))
    return bad_convolution(fmt::format("convolves {} with {} in {} groups", dims_to_string(xd),
                                       dims_to_string(wd), groups));
  const std::array<Window, 2> windows = two_windows(convolution.windows);
  for (size_t i = 0; i < 2; ++i) {
    const Window& w = windows[i];
    if (i + xd.size() >= 4) s.from[i] = xd[i + xd.size() - 2];
    for (int64_t border : {w.before, w.after, w.kernel, w.dilation, w.stride, w.extra}) {
      if (border < 0 || border > kMaxBorder) return bad_convolution("has impossible windows");
    }
    if (s.from[i] < 1 || s.from[i] > kMaxBorder || w.kernel > (int64_t{1} << 24) ||
        w.dilation > (int64_t{1} << 24))
      return bad_convolution("has impossible windows");
    const int64_t span = (w.kernel - 1) * w.dilation + 1;
    s.to[i] = convolution.transposed
                  ? (s.from[i] - 1) * w.stride + span + w.extra - w.before - w.after
                  : (s.from[i] + w.before + w.after - span) / w.stride + 1;
    if (s.to[i] < 1 || (!convolution.transposed && s.from[i] + w.before + w.after < span))
      return bad_convolution(
          fmt::format("its kernel of {} does not fit {} elements", span, s.from[i]));
  }
  return s;
}

Result<void> check_work(const Sizes& s, const ConstArray& weight, bool transposed) {
  const auto& steps = transposed ? s.from : s.to;
  TESSERA_TRY(const int64_t products,
              element_count(Dims{s.rows, steps[0], steps[1], weight.size()}));
  TESSERA_TRY(const int64_t results, element_count(Dims{s.rows, s.out, s.to[0], s.to[1]}));
  if (products <= kMaxProducts && results <= kMaxFoldedElements) return {};
  return TESSERA_ERROR(kResourceLimit, "",
                       fmt::format("a convolution of constants takes {} products", products),
                       "export the model with constant folding");
}

}  // namespace

Result<ConstArray> fold_convolution(const ConstArray& x, const ConstArray& weight,
                                    const Tensor& bias, const FoldedConvolution& convolution) {
  const std::array<Window, 2> windows = two_windows(convolution.windows);
  TESSERA_TRY(const Sizes s, sizes_of(x, weight, bias, convolution));
  TESSERA_TRY_VOID(check_work(s, weight, convolution.transposed));
  const int64_t plane = s.to[0] * s.to[1];
  std::vector<double> sums(static_cast<size_t>(s.rows * s.out * plane), 0);
  for (size_t i = 0; !bias.empty() && i < sums.size(); ++i)
    sums[i] = static_cast<double>(bias[static_cast<int64_t>(i) / plane % s.out]);
  const bool transposed = convolution.transposed;
  const int64_t in_each = s.in / convolution.groups;
  const int64_t out_each = s.out / convolution.groups;
  const auto& steps = transposed ? s.from : s.to;  // the side that strides count
  const auto& moved = transposed ? s.to : s.from;  // the side that taps reach
  Dims walk_dims = {s.rows,   convolution.groups, in_each,           out_each,
                    steps[0], steps[1],           windows[0].kernel, windows[1].kernel};
  for (IndexWalk walk(walk_dims, {}); !walk.done(); walk.next()) {
    std::array<int64_t, 2> reached{};
    bool inside = true;
    for (size_t i = 0; i < 2; ++i) {
      reached[i] = walk.coordinate(4 + i) * windows[i].stride +
                   walk.coordinate(6 + i) * windows[i].dilation - windows[i].before;
      inside = inside && reached[i] >= 0 && reached[i] < moved[i];
    }
    if (!inside) continue;
    const int64_t input = walk.coordinate(1) * in_each + walk.coordinate(2);
    const int64_t output = walk.coordinate(1) * out_each + walk.coordinate(3);
    const std::array<int64_t, 2> step = {walk.coordinate(4), walk.coordinate(5)};
    const auto& from = transposed ? step : reached;
    const auto& to = transposed ? reached : step;
    const int64_t row = transposed ? input : output;
    const int64_t column = transposed ? walk.coordinate(3) : walk.coordinate(2);
    const int64_t w = ((row * (transposed ? out_each : in_each) + column) * windows[0].kernel +
                       walk.coordinate(6)) *
                          windows[1].kernel +
                      walk.coordinate(7);
    const int64_t n = walk.coordinate(0);
    sums[static_cast<size_t>(((n * s.out + output) * s.to[0] + to[0]) * s.to[1] + to[1])] +=
        weight.real_at(w) *
        x.real_at(((n * s.in + input) * s.from[0] + from[0]) * s.from[1] + from[1]);
  }
  Dims dims = {s.rows, s.out};
  if (x.rank() == 4) dims.push_back(s.to[0]);
  dims.push_back(s.to[1]);
  return ConstArray::reals(std::move(dims), std::vector<float>(sums.begin(), sums.end()));
}

}  // namespace tessera::onnx_import
