// Sums in twice double precision, from plain double operations: about 106 bits, the same on every
// machine. For sums of products whose single terms are exact, the error is far below one rounding.
#pragma once

#include <cstdint>

namespace tessera::integer {

// hi + lo, |lo| <= half a unit in the last place of hi.
struct Sum {
  double hi = 0;
  double lo = 0;

  double value() const { return hi + lo; }
};

// Knuth: "The Art of Computer Programming", volume 2, section 4.2.2, theorem B.
inline Sum exact_add(double a, double b) {
  const double sum = a + b;
  const double part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

// Dekker: "A floating-point technique for extending the available precision", 1971.
inline Sum exact_multiply(double a, double b) {
  constexpr double kSplit = 134217729.0;  // 2^27 + 1
  const auto split = [](double x) {
    const double scaled = kSplit * x;
    const double high = scaled - (scaled - x);
    return Sum{high, x - high};
  };
  const double product = a * b;
  const Sum x = split(a);
  const Sum y = split(b);
  return {product, ((x.hi * y.hi - product) + x.hi * y.lo + x.lo * y.hi) + x.lo * y.lo};
}

inline Sum operator+(const Sum& a, const Sum& b) {
  const Sum high = exact_add(a.hi, b.hi);
  const Sum low = exact_add(a.lo, b.lo);
  const Sum partial = exact_add(high.hi, high.lo + low.hi);
  return exact_add(partial.hi, partial.lo + low.lo);
}
inline Sum operator-(const Sum& a) {
  return {-a.hi, -a.lo};
}
inline Sum operator*(const Sum& a, double b) {
  const Sum high = exact_multiply(a.hi, b);
  return exact_add(high.hi, high.lo + a.lo * b);
}
inline Sum operator*(const Sum& a, const Sum& b) {
  const Sum high = exact_multiply(a.hi, b.hi);
  return exact_add(high.hi, high.lo + (a.hi * b.lo + a.lo * b.hi));
}
inline Sum operator/(const Sum& a, double b) {
  const double first = a.hi / b;
  const Sum rest = a + -exact_multiply(first, b);
  return exact_add(first, rest.value() / b);
}

// An integer of up to 63 bits, exactly.
inline Sum sum_of(int64_t integer) {
  constexpr int64_t kHalf = int64_t{1} << 32;
  return exact_add(static_cast<double>(integer / kHalf) * 4294967296.0,
                   static_cast<double>(integer % kHalf));
}

}  // namespace tessera::integer
