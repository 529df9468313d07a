// Constants and what is computed from constants only: Constant, ConstantOfShape, Range, NonZero,
// Trilu, EyeLike.
#include <cmath>

#include <fmt/format.h>

#include "model/onnx/op_context.h"
#include "model/onnx/proto.h"

namespace tessera::onnx_import {
namespace {

Result<Values> read_constant(OpContext& context) {
  if (const auto* a = context.attribute("value")) {
    TESSERA_TRY(ConstArray array, context.state().file.tensor(a->t(), context.subject()));
    return Values{Value::of(std::move(array))};
  }
  if (const auto* a = context.attribute("value_float"))
    return Values{Value::of(ConstArray::reals({}, std::vector<float>{a->f()}))};
  if (const auto* a = context.attribute("value_int"))
    return Values{Value::of(ConstArray::scalar(a->i()))};
  if (const auto* a = context.attribute("value_ints")) {
    return Values{
        Value::of(ConstArray::integers({a->ints_size()}, {a->ints().begin(), a->ints().end()}))};
  }
  if (const auto* a = context.attribute("value_floats")) {
    return Values{Value::of(ConstArray::reals(
        {a->floats_size()}, std::vector<float>(a->floats().begin(), a->floats().end())))};
  }
  return context.unsupported("holds a constant that is neither a tensor nor numbers");
}

Result<Values> read_constant_of_shape(OpContext& context) {
  TESSERA_TRY(const ConstArray shape, context.required_constant(0, "shape"));
  if (shape.size() > 16) return context.invalid("its shape has too many dimensions");
  Dims dims = shape.integer_list();
  Result<int64_t> count = element_count(dims);
  if (!count) return context.located(std::move(count).error());
  ElementKind kind = ElementKind::real;
  double value = 0;
  if (const auto* a = context.attribute("value")) {
    TESSERA_TRY(const ConstArray given, context.state().file.tensor(a->t(), context.subject()));
    if (given.size() != 1) return context.invalid("its value is not one number");
    kind = given.kind();
    value = given.real_at(0);
  }
  return Values{Value::of(ConstArray::splat(std::move(dims), kind, value))};
}

Result<Values> read_range(OpContext& context) {
  TESSERA_TRY(const ConstArray start, context.required_constant(0, "start"));
  TESSERA_TRY(const ConstArray limit, context.required_constant(1, "limit"));
  TESSERA_TRY(const ConstArray delta, context.required_constant(2, "step"));
  if (start.size() != 1 || limit.size() != 1 || delta.size() != 1)
    return context.invalid("its bounds are not single numbers");
  const double step = delta.real_at(0);
  const double span = std::ceil((limit.real_at(0) - start.real_at(0)) / step);
  if (step == 0 || !(span <= static_cast<double>(kMaxFoldedElements)))
    return context.invalid("has no end, or too many elements");
  const int64_t count = span > 0 ? static_cast<int64_t>(span) : 0;
  if (start.is_real()) {
    std::vector<float> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(static_cast<float>(start.real_at(0) + static_cast<double>(i) * step));
    TESSERA_TRY(Value y, context.folded(ConstArray::reals({count}, std::move(values))));
    return Values{std::move(y)};
  }
  std::vector<int64_t> values;
  for (int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<int64_t>(static_cast<uint64_t>(start.integer_at(0)) +
                                          static_cast<uint64_t>(i) *
                                              static_cast<uint64_t>(delta.integer_at(0))));
  }
  TESSERA_TRY(Value y, context.folded(ConstArray::integers({count}, std::move(values))));
  return Values{std::move(y)};
}

Result<Values> read_non_zero(OpContext& context) {
  TESSERA_TRY(const ConstArray x, context.required_constant(0, "input"));
  if (x.size() > kMaxFoldedElements) return context.unsupported("its input is too large");
  std::vector<std::vector<int64_t>> found(x.rank());
  int64_t count = 0;
  for (IndexWalk walk(x.dims(), {row_major_strides(x.dims())}); !walk.done(); walk.next()) {
    if (x.real_at(walk.offset(0)) == 0) continue;
    ++count;
    for (size_t i = 0; i < x.rank(); ++i) found[i].push_back(walk.coordinate(i));
  }
  std::vector<int64_t> values;
  for (const auto& list : found) values.insert(values.end(), list.begin(), list.end());
  TESSERA_TRY(Value y, context.folded(ConstArray::integers({static_cast<int64_t>(x.rank()), count},
                                                           std::move(values))));
  return Values{std::move(y)};
}

Result<Values> read_trilu(OpContext& context) {
  TESSERA_TRY(const ConstArray x, context.required_constant(0, "input"));
  int64_t diagonal = 0;
  if (context.has_input(1)) {
    TESSERA_TRY(const ConstArray k, context.required_constant(1, "diagonal"));
    if (k.size() != 1) return context.invalid("its diagonal is not one number");
    diagonal = k.integer_at(0);
  }
  if (x.rank() != 2 || x.size() > kMaxFoldedElements || !x.is_real())
    return context.unsupported("only matrices of floats are cut to triangles");
  const bool upper = context.integer("upper", 1) != 0;
  std::vector<float> values;
  for (int64_t r = 0; r < x.dims()[0]; ++r) {
    for (int64_t c = 0; c < x.dims()[1]; ++c) {
      const bool keep = upper ? c - r >= diagonal : c - r <= diagonal;
      values.push_back(keep ? static_cast<float>(x.real_at(r * x.dims()[1] + c)) : 0);
    }
  }
  TESSERA_TRY(Value y, context.folded(ConstArray::reals(x.dims(), std::move(values))));
  return Values{std::move(y)};
}

}  // namespace

std::span<const OpEntry> constant_ops() {
  static constexpr OpEntry kOps[] = {
      {"Constant", read_constant},
      {"ConstantOfShape", read_constant_of_shape},
      {"Range", read_range, "of constants"},
      {"NonZero", read_non_zero, "of constants"},
      {"Trilu", read_trilu, "matrices of constant floats"},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
