#include "each_instruction_set.h"
#include "tiles.h"

namespace tessera::simd {
namespace {

struct Case {
  size_t channels = 1;
  size_t frames = 1;
  size_t taps = 3;
  size_t dilation = 1;
  size_t pad_left = 0;
  size_t pad_right = 0;
  Border border = Border::kZero;
  bool shifts = false;
  Activation activation = Activation::kNone;
  Statistics statistics = Statistics::kNone;
};

// The sequence [channels][frames] in tiles, NaN behind its end.
AlignedBuffer tiled(const std::vector<float>& values, size_t channels, size_t frames, size_t tile) {
  AlignedBuffer buffer(tile_count(frames, tile) * channels * tile);
  std::fill_n(buffer.data(), buffer.size(), NAN);
  for (size_t c = 0; c < channels; ++c) {
    for (size_t t = 0; t < frames; ++t) {
      buffer.data()[(t / tile * channels + c) * tile + t % tile] = values[c * frames + t];
    }
  }
  return buffer;
}

void check(const Kernels& kernels, const Case& c, test::Random& random) {
  const size_t tile = kernels.tile_frames;
  std::vector<float> values(c.channels * c.frames);
  for (float& value : values) value = random.value();
  const AlignedBuffer src = tiled(values, c.channels, c.frames, tile);
  const AlignedBuffer taps = random.values(c.channels * c.taps);
  const AlignedBuffer shifts = random.values(c.channels * c.taps);
  const AlignedBuffer bias = random.values(c.channels);
  const AlignedBuffer slopes = random.values(c.channels);
  AlignedBuffer inner_bias(c.channels);
  for (size_t i = 0; i < c.channels; ++i) {
    inner_bias.data()[i] = bias.data()[i];
    for (size_t j = 0; j < c.taps; ++j) inner_bias.data()[i] += shifts.data()[i * c.taps + j];
  }
  const size_t out_frames = c.frames + c.pad_left + c.pad_right - (c.taps - 1) * c.dilation;
  AlignedBuffer dst(c.channels * tile);
  for (size_t n = 0; n < tile_count(out_frames, tile); ++n) {
    test::StatisticsCheck statistics(c.statistics, c.channels, tile);
    DepthwiseArgs args;
    args.src = src.data();
    args.dst = dst.data();
    args.channels = args.src_channels = c.channels;
    args.src_frames = c.frames;
    args.tile = n;
    args.taps_per_channel = c.taps;
    args.dilation = c.dilation;
    args.pad_left = static_cast<ptrdiff_t>(c.pad_left);
    args.border = c.border;
    args.taps = taps.data();
    args.bias = bias.data();
    if (c.shifts) {
      args.shifts = shifts.data();
      args.inner_bias = inner_bias.data();
    }
    args.activation = c.activation;
    args.slopes = slopes.data();
    args.statistics = c.statistics;
    args.valid_frames = std::min(tile, out_frames - n * tile);
    args.sums = statistics.sums();
    kernels.depthwise(args);
    for (size_t i = 0; i < c.channels; ++i) {
      for (size_t t = 0; t < args.valid_frames; ++t) {
        double y = static_cast<double>(bias.data()[i]);
        for (size_t j = 0; j < c.taps; ++j) {
          const auto frame = static_cast<ptrdiff_t>(n * tile + t + j * c.dilation) - args.pad_left;
          const bool inside = frame >= 0 && frame < static_cast<ptrdiff_t>(c.frames);
          if (!inside && c.border == Border::kZero) continue;
          const size_t from = padded_frame(frame, c.frames, c.border);
          y += static_cast<double>(taps.data()[i * c.taps + j]) *
               static_cast<double>(values[i * c.frames + from]);
          if (c.shifts) y += static_cast<double>(shifts.data()[i * c.taps + j]);
        }
        y = test::activate(y, c.activation, static_cast<double>(slopes.data()[i]));
        ASSERT_NEAR(dst.data()[i * tile + t], y, 1e-5)
            << "channels " << c.channels << " frames " << c.frames << " taps " << c.taps
            << " dilation " << c.dilation << " pad " << c.pad_left << "," << c.pad_right
            << " border " << static_cast<int>(c.border) << ": channel " << i << " frame "
            << n * tile + t;
        statistics.add(i, t, y);
      }
    }
    statistics.expect_right();
  }
}

TEST(DepthwiseKernel, ReachesAcrossTilesAtAnyDilation) {
  test::each_instruction_set([](const Kernels& kernels) {
    test::Random random(1);
    for (size_t dilation : {1, 2, 3, 4, 8, 11, 16, 32, 47, 64, 128, 200}) {
      for (size_t frames : {1, 5, 48, 97, 333}) {
        check(kernels,
              {.channels = 2,
               .frames = frames,
               .dilation = dilation,
               .pad_left = dilation,
               .pad_right = dilation,
               .shifts = true},
              random);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  });
}

TEST(DepthwiseKernel, ComputesAnyKernelPaddingAndEpilogue) {
  test::each_instruction_set([](const Kernels& kernels) {
    test::Random random(2);
    for (int i = 0; i < 300; ++i) {
      const size_t taps = random.size(1, 9);
      const size_t dilation = random.size(1, 20);
      const size_t reach = (taps - 1) * dilation;
      const size_t frames = random.size(reach + 1, reach + 150);
      check(kernels,
            {.channels = random.size(1, 5),
             .frames = frames,
             .taps = taps,
             .dilation = dilation,
             .pad_left = random.size(0, frames - 1),
             .pad_right = random.size(0, frames - 1),
             .border = static_cast<Border>(random.size(0, 2)),
             .shifts = random.coin(),
             .activation = test::kEveryActivation[random.size(0, 2)],
             .statistics = test::kEveryStatistics[random.size(0, 3)]},
            random);
      if (::testing::Test::HasFatalFailure()) return;
    }
  });
}

}  // namespace
}  // namespace tessera::simd
