// The kernels that treat each row, or each frame, by itself.
#include "each_instruction_set.h"
#include "tiles.h"

namespace tessera::simd {
namespace {

// Values, coefficients and expectations for one tile of `channels`.
struct Tile {
  Tile(const Kernels& kernels, size_t rows, uint32_t seed)
      : frames(kernels.tile_frames),
        channels(rows),
        random(seed),
        a(random.values(channels * frames)),
        b(random.values(channels * frames)),
        row0(random.values(frames)),
        row1(random.values(frames)),
        gain(random.values(channels)),
        offset(random.values(channels)),
        center(random.values(channels)),
        slopes(random.values(channels)),
        dst(channels * frames) {}

  double at(const AlignedBuffer& buffer, size_t c, size_t t) const {
    return static_cast<double>(buffer.data()[c * frames + t]);
  }
  template <class Expected>
  void expect(const Expected& expected, double tolerance = 1e-6) const {
    for (size_t c = 0; c < channels; ++c) {
      for (size_t t = 0; t < frames; ++t) {
        const double y = expected(c, t);
        ASSERT_NEAR(at(dst, c, t), y, tolerance * std::max(1.0, std::abs(y)))
            << "channel " << c << " frame " << t;
      }
    }
  }

  size_t frames;
  size_t channels;
  test::Random random;
  AlignedBuffer a, b, row0, row1, gain, offset, center, slopes, dst;
};

double value(const AlignedBuffer& buffer, size_t i) {
  return static_cast<double>(buffer.data()[i]);
}

TEST(RescaleKernel, AppliesANormBehindAProduct) {
  test::each_instruction_set([](const Kernels& kernels) {
    for (Activation activation : test::kEveryActivation) {
      Tile tile(kernels, 5, 1);
      kernels.rescale({.src = tile.a.data(),
                       .residual = tile.b.data(),
                       .dst = tile.dst.data(),
                       .channels = tile.channels,
                       .center = tile.row0.data(),
                       .scale = tile.row1.data(),
                       .u = tile.gain.data(),
                       .v = tile.offset.data(),
                       .activation = activation,
                       .slopes = tile.slopes.data()});
      tile.expect([&](size_t c, size_t t) {
        const double y = tile.at(tile.b, c, t) + value(tile.offset, c) +
                         (tile.at(tile.a, c, t) - value(tile.row0, t) * value(tile.gain, c)) *
                             value(tile.row1, t);
        return test::activate(y, activation, value(tile.slopes, c));
      });
    }
  });
}

TEST(NormalizeKernel, TakesCentersPerFrameOrPerChannelOrNone) {
  test::each_instruction_set([](const Kernels& kernels) {
    Tile tile(kernels, 7, 2);
    NormalizeArgs args;
    args.src = tile.a.data();
    args.dst = tile.dst.data();
    args.channels = tile.channels;
    args.gain = tile.gain.data();
    args.offset = tile.offset.data();
    kernels.normalize(args);
    tile.expect([&](size_t c, size_t t) {
      return tile.at(tile.a, c, t) * value(tile.gain, c) + value(tile.offset, c);
    });
    args.center = tile.center.data();
    kernels.normalize(args);
    tile.expect([&](size_t c, size_t t) {
      return (tile.at(tile.a, c, t) - value(tile.center, c)) * value(tile.gain, c) +
             value(tile.offset, c);
    });
    args.center = nullptr;
    args.frame_center = tile.row0.data();
    args.frame_scale = tile.row1.data();
    kernels.normalize(args);
    tile.expect([&](size_t c, size_t t) {
      return (tile.at(tile.a, c, t) - value(tile.row0, t)) * value(tile.row1, t) *
                 value(tile.gain, c) +
             value(tile.offset, c);
    });
  });
}

TEST(StatisticsKernel, SumsWhatANormNeeds) {
  test::each_instruction_set([](const Kernels& kernels) {
    for (Statistics statistics : test::kEveryStatistics) {
      for (size_t channels : {1, 63, 64, 65, 600}) {
        for (size_t valid : {size_t{1}, kernels.tile_frames - 1, kernels.tile_frames}) {
          if (statistics == Statistics::kNone) continue;
          Tile tile(kernels, channels, 3);
          test::StatisticsCheck check(statistics, channels, tile.frames);
          kernels.statistics({.src = tile.a.data(),
                              .channels = channels,
                              .statistics = statistics,
                              .valid_frames = valid,
                              .sums = check.sums()});
          for (size_t c = 0; c < channels; ++c) {
            for (size_t t = 0; t < valid; ++t) check.add(c, t, tile.at(tile.a, c, t));
          }
          check.expect_right();
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  });
}

double combine(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd: return a + b;
    case BinaryOp::kSub: return a - b;
    case BinaryOp::kMul: return a * b;
    case BinaryOp::kDiv: return a / b;
    case BinaryOp::kMax: return std::max(a, b);
    case BinaryOp::kMin: return std::min(a, b);
    case BinaryOp::kPow: return std::pow(a, b);
  }
  return 0;
}

TEST(BinaryKernel, ComputesEveryOpWithBroadcastOperands) {
  test::each_instruction_set([](const Kernels& kernels) {
    for (auto op : {BinaryOp::kAdd, BinaryOp::kSub, BinaryOp::kMul, BinaryOp::kDiv, BinaryOp::kMax,
                    BinaryOp::kMin, BinaryOp::kPow}) {
      for (int broadcast = 0; broadcast < 4; ++broadcast) {
        Tile tile(kernels, 3, 4);
        for (size_t i = 0; i < tile.channels * tile.frames; ++i) {
          tile.a.data()[i] += 2.0f;  // a base of pow
          tile.b.data()[i] += 2.0f;  // a divisor
        }
        BinaryArgs args;
        args.op = op;
        args.a = tile.a.data();
        args.b = tile.b.data();
        args.a_step = tile.frames;
        args.b_step = (broadcast & 1) != 0 ? 0 : tile.frames;
        args.b_one_frame = (broadcast & 2) != 0;
        args.dst = tile.dst.data();
        args.channels = tile.channels;
        kernels.binary(args);
        tile.expect([&](size_t c, size_t t) {
          return combine(
              op, tile.at(tile.a, c, t),
              tile.at(tile.b, (broadcast & 1) != 0 ? 0 : c, (broadcast & 2) != 0 ? 0 : t));
        });
      }
    }
  });
}

double apply(UnaryOp op, double x, double slope, double alpha, double beta) {
  switch (op) {
    case UnaryOp::kRelu: return std::max(x, 0.0);
    case UnaryOp::kPrelu: return x < 0 ? x * slope : x;
    case UnaryOp::kSigmoid: return 1 / (1 + std::exp(-x));
    case UnaryOp::kTanh: return std::tanh(x);
    case UnaryOp::kElu: return x > 0 ? x : alpha * std::expm1(x);
    case UnaryOp::kGelu: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case UnaryOp::kSilu: return x / (1 + std::exp(-x));
    case UnaryOp::kSoftplus: return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
    case UnaryOp::kHardSigmoid: return std::clamp(alpha * x + beta, 0.0, 1.0);
    case UnaryOp::kClip: return std::clamp(x, alpha, beta);
    case UnaryOp::kExp: return std::exp(x);
    case UnaryOp::kLog: return std::log(x);
    case UnaryOp::kSqrt: return std::sqrt(x);
    case UnaryOp::kSquare: return x * x;
    case UnaryOp::kReciprocal: return 1 / x;
    case UnaryOp::kAbs: return std::abs(x);
    case UnaryOp::kNeg: return -x;
    case UnaryOp::kErf: return std::erf(x);
  }
  return 0;
}

TEST(UnaryKernel, ComputesEveryFunction) {
  test::each_instruction_set([](const Kernels& kernels) {
    for (int i = 0; i <= static_cast<int>(UnaryOp::kErf); ++i) {
      const auto op = static_cast<UnaryOp>(i);
      const bool positive = op == UnaryOp::kLog || op == UnaryOp::kSqrt;
      for (float range : {1.0f, 20.0f}) {
        Tile tile(kernels, 3, 5);
        for (size_t k = 0; k < tile.channels * tile.frames; ++k) {
          float& x = tile.a.data()[k];
          x *= range;
          if (positive) x = std::abs(x) + 0.01f;
        }
        kernels.unary({.op = op,
                       .src = tile.a.data(),
                       .dst = tile.dst.data(),
                       .channels = tile.channels,
                       .slopes = tile.slopes.data(),
                       .alpha = 0.25f,
                       .beta = 0.5f});
        SCOPED_TRACE(i);
        tile.expect([&](size_t c, size_t t) {
          return apply(op, tile.at(tile.a, c, t), value(tile.slopes, c), 0.25, 0.5);
        });
      }
    }
  });
}

// A mask must be 0 or 1 in the limit, and a NaN must not hide behind an activation.
TEST(UnaryKernel, KeepsLimitsAndNaN) {
  test::each_instruction_set([](const Kernels& kernels) {
    Tile tile(kernels, 1, 6);
    tile.a.data()[0] = 1000.0f;
    tile.a.data()[1] = -1000.0f;
    tile.a.data()[2] = NAN;
    for (UnaryOp op : {UnaryOp::kSigmoid, UnaryOp::kRelu, UnaryOp::kPrelu, UnaryOp::kClip}) {
      SCOPED_TRACE(static_cast<int>(op));
      kernels.unary({.op = op,
                     .src = tile.a.data(),
                     .dst = tile.dst.data(),
                     .channels = 1,
                     .slopes = tile.slopes.data(),
                     .alpha = 0.0f,
                     .beta = 1.0f});
      EXPECT_TRUE(std::isnan(tile.dst.data()[2]));
      if (op != UnaryOp::kSigmoid) continue;
      EXPECT_NEAR(tile.dst.data()[0], 1.0f, 1e-7);
      EXPECT_NEAR(tile.dst.data()[1], 0.0f, 1e-7);
    }
  });
}

TEST(SoftmaxKernel, SharesOneAmongRowsAnyDistanceApart) {
  test::each_instruction_set([](const Kernels& kernels) {
    for (size_t step : {1, 2}) {
      Tile tile(kernels, 6, 7);
      const size_t count = 6 / step;
      kernels.softmax({.src = tile.a.data(), .dst = tile.dst.data(), .count = count, .step = step});
      for (size_t t = 0; t < tile.frames; ++t) {
        double sum = 0;
        for (size_t i = 0; i < count; ++i) sum += std::exp(tile.at(tile.a, i * step, t));
        for (size_t i = 0; i < count; ++i) {
          ASSERT_NEAR(tile.at(tile.dst, i * step, t), std::exp(tile.at(tile.a, i * step, t)) / sum,
                      1e-6);
        }
      }
    }
  });
}

}  // namespace
}  // namespace tessera::simd
