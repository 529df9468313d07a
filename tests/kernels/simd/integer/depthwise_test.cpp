#include "plain_integers.h"

namespace tessera::simd {
namespace {

TEST(DepthwiseOfCodes, IsItsDefinitionForAnyTapsAndDilation) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(4);
    for (Format operand : test::kCodeFormats) {
      for (Format result : test::kEveryFormat) {
        for (int trial = 0; trial < 40; ++trial) {
          const auto taps = static_cast<size_t>(random.integer(1, 7));
          const auto frames = static_cast<size_t>(random.integer(1, 150));
          const auto dilation = static_cast<ptrdiff_t>(random.integer(1, 40));
          std::vector<int8_t> weights(taps);
          std::vector<ptrdiff_t> offsets(taps);
          for (size_t j = 0; j < taps; ++j) {
            weights[j] = random.weight();
            offsets[j] = static_cast<ptrdiff_t>(j) * dilation;
          }
          const size_t length = frames + static_cast<size_t>(offsets.back());
          test::Cells src(operand, length + kGuardCodes);
          src.fill(random);
          const test::PlainRequantize requantize(result, 3, random);
          test::Cells dst(result, frames);
          DepthwiseCodesArgs args;
          args.src = src.data();
          args.format = operand;
          args.weights = weights.data();
          args.offsets = offsets.data();
          args.taps = taps;
          args.frames = frames;
          args.requantize = &requantize.requantize;
          args.channel = 2;
          args.dst = dst.data();
          kernels.depthwise(args);
          for (size_t t = 0; t < frames; ++t) {
            int64_t sum = 0;
            for (size_t j = 0; j < taps; ++j)
              sum += int64_t{weights[j]} * src.code(t + static_cast<size_t>(offsets[j]));
            requantize.expect(dst, t, 2, sum);
            if (::testing::Test::HasFatalFailure()) return;
          }
          dst.expect_guard_untouched();
        }
      }
    }
  });
}

}  // namespace
}  // namespace tessera::simd
