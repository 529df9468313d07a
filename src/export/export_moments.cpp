#include "export/export_moments.h"

#include <array>

namespace tessera::onnx_export {
namespace {

struct MomentsWriter {
  ExportBuilder& out;
  double eps;
  const std::string& x;
  const Shape& shape;
  const std::string& name;

  std::string root(const std::string& variance) const {
    const std::string sum =
        out.step("Add", {variance, out.number(name + ".eps", eps)}, name, "stable");
    return out.step("Sqrt", {sum}, name, "deviation");
  }

  // Over whole axes.
  Moments over(const std::vector<int64_t>& axes) const {
    Moments m;
    m.mean = out.reduction("ReduceMean", x, axes, name, "mean");
    m.centered = out.step("Sub", {x, m.mean}, name, "centered");
    const std::string square = out.step("Mul", {m.centered, m.centered}, name, "square");
    m.deviation = root(out.reduction("ReduceMean", square, axes, name, "variance"));
    return m;
  }

  // Sums over channels and past frames, over how many there are.
  Moments running() const {
    std::vector<float> counts;
    for (int64_t t = 1; t <= shape.w; ++t) counts.push_back(static_cast<float>(t * shape.c));
    std::vector<int64_t> dims(out.flat() ? 3 : 4, 1);
    dims.back() = shape.w;
    const std::string count = out.computed(name + ".count", counts, std::move(dims));
    const std::array<int64_t, 1> last = {out.axis(Axis::w)};
    const std::string axis = out.numbers("time_axis", last, true);
    const auto mean_of = [&](const std::string& value, const std::string& what) {
      const std::string sum =
          out.reduction("ReduceSum", value, {out.axis(Axis::c)}, name, what + "_sum");
      const std::string total = out.step("CumSum", {sum, axis}, name, what + "_total");
      return out.step("Div", {total, count}, name, what);
    };
    Moments m;
    m.mean = mean_of(x, "mean");
    const std::string power = mean_of(out.step("Mul", {x, x}, name, "square"), "power");
    const std::string mean_squared = out.step("Mul", {m.mean, m.mean}, name, "mean_squared");
    // Rounding may leave a little less than 0 of a difference that is 0.
    const std::string difference = out.step("Sub", {power, mean_squared}, name, "difference");
    m.deviation = root(out.step("Relu", {difference}, name, "variance"));
    m.centered = out.step("Sub", {x, m.mean}, name, "centered");
    return m;
  }
};

}  // namespace

Moments write_moments(ExportBuilder& out, NormKind kind, double eps, const std::string& x,
                      const Shape& shape, const std::string& name) {
  const MomentsWriter writer{out, eps, x, shape, name};
  if (kind == NormKind::cumulative) return writer.running();
  std::vector<int64_t> axes;
  if (kind != NormKind::feature_wise) axes.push_back(out.axis(Axis::c));
  if (kind != NormKind::channel_wise) axes.push_back(out.axis(Axis::w));
  return writer.over(axes);
}

}  // namespace tessera::onnx_export
