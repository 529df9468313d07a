#include "plain_integers.h"

namespace tessera::simd {
namespace {

struct Case {
  size_t in = 1;
  size_t out = 1;
  size_t frames = 1;
};

void check(const IntegerKernels& kernels, Format operand, Format result, const Case& c,
           test::RandomCodes& random) {
  const ProductKernels& products = kernels.products(operand);
  const ProductBlocking& blocking = products.blocking;
  const size_t stride = c.frames + 3;
  test::Cells src(operand, c.in * stride);
  src.fill(random);
  std::vector<int8_t> weights(c.out * c.in);
  for (int8_t& w : weights) w = random.weight();
  const PackedWeights packed = pack_product_weights(blocking, weights.data(), c.out, c.in);
  test::AlignedBytes panel(blocking.panel_bytes(c.in));
  products.panel({src.data(), stride, c.in, c.frames, panel.data()});
  const test::PlainRequantize requantize(result, c.out, random);
  const size_t dst_stride = c.frames + 1;
  test::Cells dst(result, c.out * dst_stride);
  ProductArgs args;
  args.weights = packed.data();
  args.panel = panel.data();
  args.in = c.in;
  args.out = c.out;
  args.frames = c.frames;
  args.requantize = &requantize.requantize;
  args.dst = dst.data();
  args.dst_stride = dst_stride;
  args.last = c.out / 2 / blocking.rows * blocking.rows;  // in two calls
  products.product(args);
  args.first = args.last;
  args.last = c.out;
  products.product(args);
  for (size_t o = 0; o < c.out; ++o) {
    for (size_t t = 0; t < c.frames; ++t) {
      int64_t sum = 0;
      for (size_t i = 0; i < c.in; ++i)
        sum += int64_t{weights[o * c.in + i]} * src.code(i * stride + t);
      SCOPED_TRACE(::testing::Message() << c.in << " -> " << c.out << ", frames " << c.frames
                                        << ": channel " << o << " frame " << t);
      requantize.expect(dst, o * dst_stride + t, o, sum);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
  dst.expect_guard_untouched();
}

TEST(IntegerProduct, IsItsDefinitionForRaggedShapesAndEveryFormat) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(1);
    for (Format operand : test::kCodeFormats) {
      const auto most = static_cast<int64_t>(kernels.products(operand).blocking.frames);
      for (Format result : test::kEveryFormat) {
        for (int trial = 0; trial < 40; ++trial) {
          const Case c{
              .in = static_cast<size_t>(random.integer(1, random.chance(0.2) ? 260 : 70)),
              .out = static_cast<size_t>(random.integer(1, 37)),
              .frames = static_cast<size_t>(random.chance(0.3) ? most : random.integer(1, most))};
          check(kernels, operand, result, c, random);
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  });
}

// As deep as the widest networks: 2048 products of the largest codes and weights.
TEST(IntegerProduct, DoesNotSaturateOnTheWay) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(2);
    for (Format operand : test::kCodeFormats) {
      const ProductKernels& products = kernels.products(operand);
      const size_t in = operand == Format::kCode8 ? 2048 : 500;
      const size_t frames = products.blocking.frames;
      const int32_t highest = operand == Format::kCode8 ? 255 : 32767;
      test::Cells src(operand, in * frames);
      for (size_t i = 0; i < in * frames; ++i) src.set(i, highest);
      const std::vector<int8_t> weights(in, int8_t{127});
      const PackedWeights packed = pack_product_weights(products.blocking, weights.data(), 1, in);
      test::AlignedBytes panel(products.blocking.panel_bytes(in));
      products.panel({src.data(), frames, in, frames, panel.data()});
      const int32_t bias = 7;
      const float gain = 1.0f;
      Requantize requantize;
      requantize.bias = &bias;
      requantize.gain = &gain;
      std::vector<float> dst(frames);
      ProductArgs args;
      args.weights = packed.data();
      args.panel = panel.data();
      args.in = in;
      args.out = args.last = 1;
      args.frames = frames;
      args.requantize = &requantize;
      args.dst = dst.data();
      products.product(args);
      for (float x : dst)
        ASSERT_EQ(x, static_cast<float>(static_cast<int64_t>(in) * 127 * highest + 7));
    }
  });
}

TEST(FloatProduct, HasTheBitsOfSumsInFloat64) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(3);
    const FloatProductKernels& products = kernels.float_products;
    const size_t most = products.blocking.frames;
    for (int trial = 0; trial < 60; ++trial) {
      const auto in = static_cast<size_t>(random.integer(1, 60));
      const auto out = static_cast<size_t>(random.integer(1, 18));
      const auto frames = static_cast<size_t>(random.integer(1, static_cast<int64_t>(most)));
      std::vector<float> weights(out * in);
      for (float& w : weights) w = random.uniform(-1.0f, 1.0f);
      std::vector<double> bias(products.blocking.padded_out(out));
      for (double& b : bias) b = static_cast<double>(random.uniform(-1.0f, 1.0f));
      std::vector<float> panel(in * most);
      for (float& x : panel) x = random.uniform(-100.0f, 100.0f);
      const std::vector<double> packed =
          pack_float_weights(products.blocking, weights.data(), out, in);
      std::vector<float> dst(out * frames + 1, -7.0f);
      products.product(
          {packed.data(), bias.data(), panel.data(), most, in, out, frames, dst.data(), frames});
      for (size_t o = 0; o < out; ++o) {
        for (size_t t = 0; t < frames; ++t) {
          double sum = bias[o];
          for (size_t i = 0; i < in; ++i)
            sum +=
                static_cast<double>(weights[o * in + i]) * static_cast<double>(panel[i * most + t]);
          ASSERT_EQ(dst[o * frames + t], static_cast<float>(sum));
        }
      }
      ASSERT_EQ(dst.back(), -7.0f);
    }
  });
}

}  // namespace
}  // namespace tessera::simd
