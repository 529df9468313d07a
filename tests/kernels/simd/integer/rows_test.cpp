#include <limits>

#include "plain_integers.h"

namespace tessera::simd {
namespace {

// Quotients on and beside every half, and values that are no numbers.
TEST(RowsOfCodes, AreQuantisedHalfToEvenAndSaturated) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(5);
    for (Format format : test::kCodeFormats) {
      for (int trial = 0; trial < 300; ++trial) {
        const int exponent = static_cast<int>(random.integer(-70, 70));
        CodeScale codes = random.scale(format, 1.0f, 2.0f);
        codes.scale = std::ldexp(trial < 10 ? 1.0f : codes.scale, exponent);
        codes.inverse = inverse_of(codes.scale);
        std::vector<float> src;
        for (int i = 0; i < 101; ++i) {
          const float half = (static_cast<float>(random.integer(-700, 700)) + 0.5f) * codes.scale;
          src.push_back(half);
          src.push_back(std::nextafter(half, 0.0f));
          src.push_back(std::nextafter(half, std::numeric_limits<float>::infinity()));
          src.push_back(random.uniform(-40000.0f, 40000.0f) * codes.scale);
        }
        for (float special : {0.0f, -0.0f, 1e38f, -1e38f, 1e-44f}) src.push_back(special);
        src.push_back(std::numeric_limits<float>::infinity());
        src.push_back(-std::numeric_limits<float>::infinity());
        src.push_back(std::numeric_limits<float>::quiet_NaN());
        test::Cells dst(format, src.size());
        kernels.rows.quantize({src.data(), codes, format, dst.data(), src.size()});
        for (size_t i = 0; i < src.size(); ++i)
          ASSERT_EQ(dst.code(i), test::plain_code(src[i] / codes.scale, codes)) << src[i];
        dst.expect_guard_untouched();
        std::vector<float> back(src.size() + 1, -7.0f);
        kernels.rows.dequantize({dst.data(), format, codes, back.data(), src.size()});
        for (size_t i = 0; i < src.size(); ++i)
          ASSERT_EQ(back[i], static_cast<float>(dst.code(i) - codes.zero_point) * codes.scale);
        ASSERT_EQ(back.back(), -7.0f);
      }
    }
  });
}

// Two billion quotients would be all of one scale; here as many scales as time allows.
TEST(RowsOfCodes, AreQuantisedAsByDivision) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(6);
    std::vector<float> src(4096);
    for (int trial = 0; trial < 400; ++trial) {
      CodeScale codes = random.scale(Format::kCode16, 1.0f, 2.0f);
      codes.scale = std::nextafter(2.0f, 1.0f - static_cast<float>(trial % 2));
      if (trial > 3) codes.scale = random.uniform(1.0f, 2.0f);
      codes.inverse = inverse_of(codes.scale);
      for (float& x : src) {
        const auto n = static_cast<float>(random.integer(-32768, 32767)) + 0.5f;
        x = n * codes.scale;
        if (random.chance(0.5)) x = std::nextafter(x, random.chance(0.5) ? 1e9f : -1e9f);
      }
      test::Cells dst(Format::kCode16, src.size());
      kernels.rows.quantize({src.data(), codes, Format::kCode16, dst.data(), src.size()});
      for (size_t i = 0; i < src.size(); ++i)
        ASSERT_EQ(dst.code(i), test::plain_code(src[i] / codes.scale, codes));
    }
  });
}

RowOperand row_of(const std::vector<float>& values, size_t step = 1) {
  return {values.data(), Format::kFloat, {}, step};
}
RowResult result_of(std::vector<float>& values) {
  return {values.data(), Format::kFloat, {}};
}

// Codes in, codes out: as by way of floats.
TEST(RowsOfCodes, AreCombinedAsTheirNumbersAre) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(10);
    for (int trial = 0; trial < 200; ++trial) {
      const auto count = static_cast<size_t>(random.integer(1, 70));
      const Format formats[] = {test::kCodeFormats[trial % 2], test::kCodeFormats[trial / 2 % 2],
                                test::kCodeFormats[trial / 4 % 2]};
      CodeScale scales[3];
      for (int i = 0; i < 3; ++i) scales[i] = random.scale(formats[i], 0.1f, 0.5f);
      test::Cells a(formats[0], count), b(formats[1], count), dst(formats[2], count);
      a.fill(random);
      b.fill(random);
      const size_t step = random.chance(0.3) ? 0 : 1;
      kernels.rows.combine({BinaryOp::kAdd,
                            {a.data(), formats[0], scales[0], 1},
                            {b.data(), formats[1], scales[1], step},
                            {dst.data(), formats[2], scales[2]},
                            count});
      const auto number = [](test::Cells& cells, size_t i, const CodeScale& codes) {
        return static_cast<float>(cells.code(i) - codes.zero_point) * codes.scale;
      };
      for (size_t i = 0; i < count; ++i) {
        const float sum = number(a, i, scales[0]) + number(b, i * step, scales[1]);
        ASSERT_EQ(dst.code(i), test::plain_code(sum / scales[2].scale, scales[2]));
      }
      dst.expect_guard_untouched();
      const float gain = random.uniform(-2.0f, 2.0f);
      const float shift = random.uniform(-9.0f, 9.0f);
      kernels.rows.linear({&gain,
                           &shift,
                           0,
                           {a.data(), formats[0], scales[0], 1},
                           {dst.data(), formats[2], scales[2]},
                           count});
      for (size_t i = 0; i < count; ++i) {
        const auto x = static_cast<double>(number(a, i, scales[0]));
        const auto y =
            static_cast<float>(static_cast<double>(gain) * x + static_cast<double>(shift));
        ASSERT_EQ(dst.code(i), test::plain_code(y / scales[2].scale, scales[2]));
      }
      dst.expect_guard_untouched();
    }
  });
}

// Slopes and shifts of powers of two meet halves exactly, others come as near as floats can.
TEST(RowsOfCodes, AreScaledAndShiftedByDefinitionOnAndBesideEveryHalf) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(11);
    const auto power = [&](int64_t least, int64_t most) {
      return std::ldexp(1.0f, static_cast<int>(random.integer(least, most)));
    };
    for (int trial = 0; trial < 1500; ++trial) {
      const Format from = test::kCodeFormats[trial % 2];
      const Format to = test::kCodeFormats[trial / 2 % 2];
      CodeScale read = random.scale(from, 0.1f, 0.5f);
      CodeScale written = random.scale(to, 0.1f, 0.5f);
      float gain = random.uniform(-3.0f, 3.0f);
      float shift = random.uniform(-1.0f, 1.0f) * power(-20, 22);
      if (random.chance(0.6)) {  // y in halves
        read.scale = power(-12, 2);
        written.scale = read.scale * power(-2, 8);
        gain = (random.chance(0.5) ? 1.0f : -1.0f) * power(-2, 2);
        shift = (static_cast<float>(random.integer(-3000, 3000)) + 0.5f) * written.scale;
        if (random.chance(0.5)) gain = std::nextafter(gain, 9.0f);
        if (random.chance(0.3)) shift = std::nextafter(shift, 9.0f);
      } else if (random.chance(0.2)) {
        read.scale *= power(-80, 80);
        gain *= power(-70, 70);
        shift *= power(-80, 80);
      }
      if (random.chance(0.05)) gain = 0.0f;
      if (random.chance(0.02)) shift = std::numeric_limits<float>::infinity();
      written.inverse = inverse_of(written.scale);
      const auto count = static_cast<size_t>(random.integer(1, 200));
      test::Cells src(from, count), dst(to, count);
      src.fill(random);
      kernels.rows.linear(
          {&gain, &shift, 0, {src.data(), from, read, 1}, {dst.data(), to, written}, count});
      for (size_t i = 0; i < count; ++i) {
        const float x = static_cast<float>(src.code(i) - read.zero_point) * read.scale;
        const auto y = static_cast<float>(static_cast<double>(gain) * static_cast<double>(x) +
                                          static_cast<double>(shift));
        ASSERT_EQ(dst.code(i), test::plain_code(y / written.scale, written))
            << gain << " * " << x << " + " << shift << " in " << written.scale;
      }
      dst.expect_guard_untouched();
    }
  });
}

TEST(RowsOfFloats, HaveTheBitsOfFloat64RoundedOnce) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(7);
    for (size_t count : {1, 2, 7, 15, 16, 17, 100}) {
      std::vector<float> a(count), b(count), x(count), dst(count + 1, -7.0f);
      for (std::vector<float>* v : {&a, &b, &x})
        for (float& value : *v)
          value =
              std::ldexp(random.uniform(-2.0f, 2.0f), static_cast<int>(random.integer(-12, 12)));
      for (size_t step : {0, 1}) {
        kernels.rows.linear({a.data(), b.data(), step, row_of(x), result_of(dst), count});
        for (size_t i = 0; i < count; ++i) {
          const auto scale = static_cast<double>(a[i * step]);
          const auto shift = static_cast<double>(b[i * step]);
          ASSERT_EQ(dst[i], static_cast<float>(scale * static_cast<double>(x[i]) + shift));
        }
        for (BinaryOp op : {BinaryOp::kAdd, BinaryOp::kSub, BinaryOp::kMul, BinaryOp::kDiv,
                            BinaryOp::kMax, BinaryOp::kMin}) {
          kernels.rows.combine({op, row_of(x), row_of(a, step), result_of(dst), count});
          for (size_t i = 0; i < count; ++i) {
            const auto p = static_cast<double>(x[i]);
            const auto q = static_cast<double>(a[i * step]);
            const double expected = op == BinaryOp::kAdd   ? p + q
                                    : op == BinaryOp::kSub ? p - q
                                    : op == BinaryOp::kMul ? p * q
                                    : op == BinaryOp::kDiv ? p / q
                                    : op == BinaryOp::kMax ? std::max(p, q)
                                                           : std::min(p, q);
            ASSERT_EQ(dst[i], static_cast<float>(expected));
          }
        }
      }
      kernels.rows.activate({Activation::kPrelu, 0.3f, row_of(x), result_of(dst), count});
      for (size_t i = 0; i < count; ++i) ASSERT_EQ(dst[i], x[i] >= 0 ? x[i] : 0.3f * x[i]);
      kernels.rows.activate({Activation::kRelu, 0.0f, row_of(x), result_of(dst), count});
      for (size_t i = 0; i < count; ++i) ASSERT_EQ(dst[i], x[i] < 0 ? 0.0f : x[i]);
      ASSERT_EQ(dst[count], -7.0f);
    }
  });
}

TEST(RowsOfCodes, AreLookedUp) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(8);
    for (Format format : test::kCodeFormats) {
      for (size_t count : {1, 63, 64, 65, 300}) {
        test::Cells table(format, 256);
        table.fill(random);
        test::Cells src(Format::kCode8, count);
        src.fill(random);
        test::Cells dst(format, count);
        kernels.rows.look_up(
            {table.data(), format, static_cast<uint8_t*>(src.data()), dst.data(), count});
        for (size_t i = 0; i < count; ++i)
          ASSERT_EQ(dst.code(i), table.code(static_cast<size_t>(src.code(i))));
        dst.expect_guard_untouched();
      }
    }
  });
}

TEST(RowsOfCodes, AreSummedExactlyWhateverTheirLength) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(9);
    for (Format format : test::kCodeFormats) {
      for (size_t count : {1, 5, 16, 1000, 70001, 1000003}) {
        test::Cells src(format, count);
        if (count == 1000003) {
          for (size_t i = 0; i < count; ++i) src.set(i, format == Format::kCode8 ? 255 : -32768);
        } else {
          src.fill(random);
        }
        int64_t sum = 0;
        int64_t squares = 0;
        for (size_t i = 0; i < count; ++i) {
          const int64_t code = src.code(i);
          sum += code;
          squares += code * code;
        }
        const CodeSums sums = kernels.rows.sum_codes({src.data(), format, count});
        ASSERT_EQ(sums.sum, sum);
        ASSERT_EQ(sums.squares, squares);
      }
    }
  });
}

}  // namespace
}  // namespace tessera::simd
