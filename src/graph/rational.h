// Exact fractions for time axes of different rates. Overflow is a value, not an error: it spreads.
#pragma once

#include <cstdint>
#include <numeric>

namespace tessera {

class Rational {
 public:
  constexpr Rational(int64_t value = 0) : numerator_(value) {}  // NOLINT(*-explicit-*)
  constexpr Rational(int64_t numerator, int64_t denominator)
      : Rational(reduced(numerator, denominator)) {}

  constexpr bool overflowed() const { return denominator_ == 0; }
  constexpr int64_t numerator() const { return numerator_; }
  constexpr int64_t denominator() const { return denominator_; }

  constexpr int64_t floor() const {
    const int64_t quotient = numerator_ / denominator_;
    return quotient * denominator_ > numerator_ ? quotient - 1 : quotient;
  }
  constexpr int64_t ceil() const { return -Rational(-numerator_, denominator_).floor(); }

  friend constexpr Rational operator+(const Rational& a, const Rational& b) {
    if (a.overflowed() || b.overflowed()) return overflow();
    return reduced(Wide{a.numerator_} * b.denominator_ + Wide{b.numerator_} * a.denominator_,
                   Wide{a.denominator_} * b.denominator_);
  }
  friend constexpr Rational operator*(const Rational& a, const Rational& b) {
    if (a.overflowed() || b.overflowed()) return overflow();
    return reduced(Wide{a.numerator_} * b.numerator_, Wide{a.denominator_} * b.denominator_);
  }
  // By a positive whole number.
  friend constexpr Rational operator/(const Rational& a, int64_t b) { return a * Rational(1, b); }
  friend constexpr bool operator==(const Rational& a, const Rational& b) {
    return a.numerator_ == b.numerator_ && a.denominator_ == b.denominator_;
  }
  friend constexpr bool operator<(const Rational& a, const Rational& b) {
    return Wide{a.numerator_} * b.denominator_ < Wide{b.numerator_} * a.denominator_;
  }

 private:
  __extension__ typedef __int128 Wide;
  static constexpr int64_t kMost = int64_t{1} << 60;

  static constexpr Rational overflow() {
    Rational result;
    result.denominator_ = 0;
    return result;
  }
  static constexpr Rational reduced(Wide numerator, Wide denominator) {
    Wide a = numerator < 0 ? -numerator : numerator;
    Wide b = denominator;
    while (b != 0) {
      const Wide rest = a % b;
      a = b;
      b = rest;
    }
    numerator /= a;
    denominator /= a;
    if (numerator > kMost || numerator < -kMost || denominator > kMost) return overflow();
    Rational result;
    result.numerator_ = static_cast<int64_t>(numerator);
    result.denominator_ = static_cast<int64_t>(denominator);
    return result;
  }

  int64_t numerator_ = 0;
  int64_t denominator_ = 1;  // positive; 0: overflowed
};

}  // namespace tessera
