#include "model/onnx/fold.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>

namespace tessera::onnx_import {
namespace {

Error bad(std::string message) {
  return TESSERA_ERROR(kInvalidModel, "", std::move(message), "");
}

Error too_large(int64_t count) {
  return TESSERA_ERROR(kResourceLimit, "",
                       fmt::format("a constant of {} elements is too large", count), "");
}

uint64_t bits(int64_t v) {
  return static_cast<uint64_t>(v);
}

int64_t power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : 0;
  uint64_t result = 1;
  uint64_t factor = bits(base);
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result *= factor;
    factor *= factor;
  }
  return static_cast<int64_t>(result);
}

// Wraps around as two's complement.
int64_t integer_result(std::string_view op, int64_t x, int64_t y, bool fmod) {
  if (op == "Add") return static_cast<int64_t>(bits(x) + bits(y));
  if (op == "Sub") return static_cast<int64_t>(bits(x) - bits(y));
  if (op == "Mul") return static_cast<int64_t>(bits(x) * bits(y));
  if (op == "Max") return std::max(x, y);
  if (op == "Min") return std::min(x, y);
  if (op == "Pow") return power(x, y);
  if (y == -1) return op == "Mod" ? 0 : static_cast<int64_t>(0 - bits(x));
  if (op == "Div") return x / y;
  const int64_t rest = x % y;  // Mod: the sign of the divisor, or of the dividend if fmod
  return rest != 0 && !fmod && ((rest < 0) != (y < 0)) ? rest + y : rest;
}

double real_result(std::string_view op, double x, double y) {
  if (op == "Add") return x + y;
  if (op == "Sub") return x - y;
  if (op == "Mul") return x * y;
  if (op == "Div") return x / y;
  if (op == "Max") return std::max(x, y);
  if (op == "Min") return std::min(x, y);
  if (op == "Pow") return std::pow(x, y);
  return std::fmod(x, y);
}

enum class Logic : uint8_t {
  none,
  equal,
  less,
  greater,
  less_equal,
  greater_equal,
  both,
  any,
  one
};

Logic logic_of(std::string_view op) {
  if (op == "Equal") return Logic::equal;
  if (op == "Less") return Logic::less;
  if (op == "Greater") return Logic::greater;
  if (op == "LessOrEqual") return Logic::less_equal;
  if (op == "GreaterOrEqual") return Logic::greater_equal;
  if (op == "And") return Logic::both;
  if (op == "Or") return Logic::any;
  if (op == "Xor") return Logic::one;
  return Logic::none;
}

template <typename T>
bool logic_result(Logic logic, T x, T y) {
  switch (logic) {
    case Logic::equal: return x == y;
    case Logic::less: return x < y;
    case Logic::greater: return x > y;
    case Logic::less_equal: return x <= y;
    case Logic::greater_equal: return x >= y;
    case Logic::both: return x != T{} && y != T{};
    case Logic::any: return x != T{} || y != T{};
    case Logic::one: return (x != T{}) != (y != T{});
    case Logic::none: break;
  }
  return false;
}

bool is_arithmetic(std::string_view op) {
  constexpr std::string_view kOps[] = {"Add", "Sub", "Mul", "Div", "Mod", "Pow", "Max", "Min"};
  return std::find(std::begin(kOps), std::end(kOps), op) != std::end(kOps);
}

}  // namespace

Result<ConstArray> fold_binary(std::string_view op, const ConstArray& a, const ConstArray& b,
                               bool fmod) {
  const Logic logic = logic_of(op);
  if (logic == Logic::none && !is_arithmetic(op)) return bad(fmt::format("{} of constants", op));
  TESSERA_TRY(Dims dims, broadcast_dims(a.dims(), b.dims()));
  TESSERA_TRY(const int64_t count, element_count(dims));
  const bool integral = !a.is_real() && !b.is_real();
  if (a.is_splat() && b.is_splat() && !integral && logic == Logic::none && count > 0) {
    return ConstArray::splat(std::move(dims), ElementKind::real,
                             static_cast<float>(real_result(op, a.real_at(0), b.real_at(0))));
  }
  const ConstArray ca = a.core();
  const ConstArray cb = b.core();
  TESSERA_TRY(const Dims varying, broadcast_dims(ca.dims(), cb.dims()));
  if (varying != dims && count > 0) {
    TESSERA_TRY(const ConstArray y, fold_binary(op, ca, cb, fmod));
    return expand(y, dims);
  }
  if (count > kMaxFoldedElements) return too_large(count);
  std::vector<int64_t> integers;
  std::vector<float> reals;
  const Dims sa = broadcast_strides(a.dims(), dims);
  const Dims sb = broadcast_strides(b.dims(), dims);
  for (IndexWalk walk(dims, {sa, sb}); !walk.done(); walk.next()) {
    const int64_t i = walk.offset(0);
    const int64_t k = walk.offset(1);
    if (logic != Logic::none) {
      integers.push_back(integral ? logic_result(logic, a.integer_at(i), b.integer_at(k))
                                  : logic_result(logic, a.real_at(i), b.real_at(k)));
    } else if (integral) {
      const int64_t y = b.integer_at(k);
      if (y == 0 && (op == "Div" || op == "Mod")) return bad("divides an integer by zero");
      integers.push_back(integer_result(op, a.integer_at(i), y, fmod));
    } else {
      reals.push_back(static_cast<float>(real_result(op, a.real_at(i), b.real_at(k))));
    }
  }
  if (logic != Logic::none) return ConstArray::booleans(std::move(dims), std::move(integers));
  if (integral) return ConstArray::integers(std::move(dims), std::move(integers));
  return ConstArray::reals(std::move(dims), std::move(reals));
}

namespace {

using RealFunction = double (*)(double);

const std::unordered_map<std::string_view, RealFunction>& real_functions() {
  static const std::unordered_map<std::string_view, RealFunction> table = {
      {"Neg", [](double x) { return -x; }},
      {"Abs", [](double x) { return std::abs(x); }},
      {"Floor", [](double x) { return std::floor(x); }},
      {"Ceil", [](double x) { return std::ceil(x); }},
      {"Round", [](double x) { return std::nearbyint(x); }},
      {"Sqrt", [](double x) { return std::sqrt(x); }},
      {"Exp", [](double x) { return std::exp(x); }},
      {"Log", [](double x) { return std::log(x); }},
      {"Reciprocal", [](double x) { return 1 / x; }},
      {"Sign", [](double x) { return static_cast<double>((x > 0) - (x < 0)); }},
      {"Erf", [](double x) { return std::erf(x); }},
      {"Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"Tanh", [](double x) { return std::tanh(x); }},
      {"Relu", [](double x) { return x > 0 ? x : 0; }},
      {"Sin", [](double x) { return std::sin(x); }},
      {"Cos", [](double x) { return std::cos(x); }},
      {"Not", [](double x) { return x == 0 ? 1.0 : 0.0; }},
  };
  return table;
}

int64_t integer_unary(std::string_view op, int64_t x) {
  if (op == "Neg") return static_cast<int64_t>(0 - bits(x));
  if (op == "Abs") return x < 0 ? static_cast<int64_t>(0 - bits(x)) : x;
  if (op == "Sign") return (x > 0) - (x < 0);
  if (op == "Not") return x == 0;
  if (op == "Relu") return std::max<int64_t>(x, 0);
  return x;  // rounding
}

}  // namespace

Result<ConstArray> fold_unary(std::string_view op, const ConstArray& x) {
  const auto found = real_functions().find(op);
  if (found == real_functions().end()) return bad(fmt::format("{} of a constant", op));
  if (x.is_splat() && x.is_real()) {
    return ConstArray::splat(x.dims(), ElementKind::real,
                             static_cast<float>(found->second(x.real_at(0))));
  }
  if (x.is_repeated()) {
    TESSERA_TRY(const ConstArray y, fold_unary(op, x.stored()));
    return x.with_stored(y);
  }
  if (x.size() > kMaxFoldedElements) return too_large(x.size());
  if (x.is_real()) {
    std::vector<float> values;
    for (int64_t i = 0; i < x.size(); ++i)
      values.push_back(static_cast<float>(found->second(x.real_at(i))));
    return ConstArray::reals(x.dims(), std::move(values));
  }
  std::vector<int64_t> values;
  for (int64_t i = 0; i < x.size(); ++i) values.push_back(integer_unary(op, x.integer_at(i)));
  return x.kind() == ElementKind::boolean ? ConstArray::booleans(x.dims(), std::move(values))
                                          : ConstArray::integers(x.dims(), std::move(values));
}

Result<ConstArray> fold_where(const ConstArray& condition, const ConstArray& a,
                              const ConstArray& b) {
  TESSERA_TRY(const Dims ab, broadcast_dims(a.dims(), b.dims()));
  TESSERA_TRY(Dims dims, broadcast_dims(condition.dims(), ab));
  TESSERA_TRY(const int64_t count, element_count(dims));
  const ConstArray cores[] = {condition.core(), a.core(), b.core()};
  TESSERA_TRY(const Dims branches, broadcast_dims(cores[1].dims(), cores[2].dims()));
  TESSERA_TRY(const Dims varying, broadcast_dims(cores[0].dims(), branches));
  if (varying != dims && count > 0) {
    TESSERA_TRY(const ConstArray y, fold_where(cores[0], cores[1], cores[2]));
    return expand(y, dims);
  }
  if (count > kMaxFoldedElements) return too_large(count);
  std::vector<float> reals;
  std::vector<int64_t> integers;
  const bool real = a.is_real() || b.is_real();
  for (IndexWalk walk(dims, {broadcast_strides(condition.dims(), dims),
                             broadcast_strides(a.dims(), dims), broadcast_strides(b.dims(), dims)});
       !walk.done(); walk.next()) {
    const bool first = condition.integer_at(walk.offset(0)) != 0;
    const ConstArray& from = first ? a : b;
    const int64_t i = walk.offset(first ? 1 : 2);
    if (real)
      reals.push_back(static_cast<float>(from.real_at(i)));
    else
      integers.push_back(from.integer_at(i));
  }
  if (real) return ConstArray::reals(std::move(dims), std::move(reals));
  if (a.kind() == ElementKind::boolean)
    return ConstArray::booleans(std::move(dims), std::move(integers));
  return ConstArray::integers(std::move(dims), std::move(integers));
}

namespace {

struct Reduction {
  std::string_view op;
  double start() const {
    if (op == "ReduceMax") return -std::numeric_limits<double>::infinity();
    if (op == "ReduceMin") return std::numeric_limits<double>::infinity();
    return op == "ReduceProd" ? 1 : 0;
  }
  double step(double sum, double x) const {
    if (op == "ReduceMax") return std::max(sum, x);
    if (op == "ReduceMin") return std::min(sum, x);
    if (op == "ReduceProd") return sum * x;
    if (op == "ReduceSumSquare" || op == "ReduceL2") return sum + x * x;
    if (op == "ReduceL1") return sum + std::abs(x);
    return sum + x;
  }
  double finish(double sum, int64_t count) const {
    if (op == "ReduceMean") return count == 0 ? 0 : sum / static_cast<double>(count);
    return op == "ReduceL2" ? std::sqrt(sum) : sum;
  }
};

}  // namespace

Result<ConstArray> fold_reduce(std::string_view op, const ConstArray& x,
                               const std::vector<bool>& over, bool keep_dims) {
  const Reduction reduction{op};
  Dims kept;
  Dims dims;
  for (size_t i = 0; i < x.rank(); ++i) {
    kept.push_back(over[i] ? 1 : x.dims()[i]);
    if (!over[i] || keep_dims) dims.push_back(kept.back());
  }
  TESSERA_TRY(const int64_t count, element_count(kept));
  if (x.size() > kMaxFoldedElements || count > kMaxFoldedElements) return too_large(x.size());
  std::vector<double> sums(static_cast<size_t>(count), reduction.start());
  for (IndexWalk walk(x.dims(), {row_major_strides(x.dims()), broadcast_strides(kept, x.dims())});
       !walk.done(); walk.next()) {
    double& sum = sums[static_cast<size_t>(walk.offset(1))];
    sum = reduction.step(sum, x.real_at(walk.offset(0)));
  }
  const int64_t each = count == 0 ? 0 : x.size() / count;
  if (x.is_real()) {
    std::vector<float> values;
    for (double sum : sums) values.push_back(static_cast<float>(reduction.finish(sum, each)));
    return ConstArray::reals(std::move(dims), std::move(values));
  }
  std::vector<int64_t> values;
  for (double sum : sums) {
    const double result = reduction.finish(sum, each);
    if (!(std::abs(result) < 9e18)) return bad("reduces integers to something out of range");
    values.push_back(static_cast<int64_t>(result));
  }
  return ConstArray::integers(std::move(dims), std::move(values));
}

Result<ConstArray> fold_pad(const ConstArray& x, const Dims& before, const Dims& after,
                            double value) {
  constexpr int64_t kMaxPad = int64_t{1} << 36;
  Dims dims = x.dims();
  for (size_t i = 0; i < dims.size(); ++i) {
    for (int64_t p : {before[i], after[i]}) {
      if (p < -kMaxPad || p > kMaxPad) return bad("pads by an impossible amount");
    }
    dims[i] += before[i] + after[i];
    if (dims[i] < 0) return bad("crops more than there is");
  }
  TESSERA_TRY(const int64_t count, element_count(dims));
  if (count > kMaxFoldedElements || x.size() > kMaxFoldedElements) return too_large(count);
  const Dims strides = row_major_strides(x.dims());
  std::vector<float> reals;
  std::vector<int64_t> integers;
  const ConstArray filler = ConstArray::splat({}, x.kind(), value);
  for (IndexWalk walk(dims, {}); !walk.done(); walk.next()) {
    bool inside = true;
    int64_t at = 0;
    for (size_t i = 0; inside && i < dims.size(); ++i) {
      const int64_t index = walk.coordinate(i) - before[i];
      inside = index >= 0 && index < x.dims()[i];
      if (inside) at += index * strides[i];
    }
    const ConstArray& from = inside ? x : filler;
    if (x.is_real())
      reals.push_back(static_cast<float>(from.real_at(inside ? at : 0)));
    else
      integers.push_back(from.integer_at(inside ? at : 0));
  }
  if (x.is_real()) return ConstArray::reals(std::move(dims), std::move(reals));
  return ConstArray::integers(std::move(dims), std::move(integers));
}

Result<ConstArray> fold_matmul(const ConstArray& a, const ConstArray& b) {
  const auto misfit = [&] {
    return bad(fmt::format("multiplies constants {} and {}", dims_to_string(a.dims()),
                           dims_to_string(b.dims())));
  };
  if (a.rank() < 1 || b.rank() < 1) return misfit();
  Dims ad = a.dims();
  Dims bd = b.dims();
  if (ad.size() == 1) ad.insert(ad.begin(), 1);
  if (bd.size() == 1) bd.push_back(1);
  const int64_t rows = ad[ad.size() - 2];
  const int64_t inner = ad.back();
  const int64_t columns = bd.back();
  if (bd[bd.size() - 2] != inner) return misfit();
  const Dims a_stack(ad.begin(), ad.end() - 2);
  const Dims b_stack(bd.begin(), bd.end() - 2);
  TESSERA_TRY(Dims stack, broadcast_dims(a_stack, b_stack));
  TESSERA_TRY(const int64_t count, element_count(stack));
  TESSERA_TRY(const int64_t work, element_count(std::array{count, rows, inner, columns}));
  TESSERA_TRY(const int64_t results, element_count(std::array{count, rows, columns}));
  if (work > int64_t{1} << 30 || results > kMaxFoldedElements) return too_large(work);
  const bool integral = !a.is_real() && !b.is_real();
  std::vector<float> values;
  std::vector<int64_t> integers;
  for (IndexWalk walk(stack,
                      {broadcast_strides(a_stack, stack), broadcast_strides(b_stack, stack)});
       !walk.done(); walk.next()) {
    const int64_t a_at = walk.offset(0) * rows * inner;
    const int64_t b_at = walk.offset(1) * inner * columns;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) {
        double sum = 0;
        uint64_t wrapped = 0;
        for (int64_t i = 0; i < inner; ++i) {
          const int64_t at = a_at + r * inner + i;
          const int64_t bt = b_at + i * columns + c;
          if (integral)
            wrapped += bits(a.integer_at(at)) * bits(b.integer_at(bt));
          else
            sum += a.real_at(at) * b.real_at(bt);
        }
        if (integral)
          integers.push_back(static_cast<int64_t>(wrapped));
        else
          values.push_back(static_cast<float>(sum));
      }
    }
  }
  if (a.rank() > 1) stack.push_back(rows);
  if (b.rank() > 1) stack.push_back(columns);
  if (integral) return ConstArray::integers(std::move(stack), std::move(integers));
  return ConstArray::reals(std::move(stack), std::move(values));
}

}  // namespace tessera::onnx_import
