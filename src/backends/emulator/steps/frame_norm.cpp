// Norms over the channels of each frame: some frames at a time, which stay in cache from their
// statistics to what becomes of them.
#include <array>
#include <cmath>

#include "backends/emulator/requantize_table.h"
#include "backends/emulator/steps.h"
#include "kernels/ref/moments.h"

namespace tessera::emulator {
namespace {

constexpr int64_t kNormFrames = 256;  // of an item: whole cache lines of codes
static_assert(kNormFrames <= reference::kTileFrames);

// Of every channel; for floats, which have none, all the same.
std::vector<simd::CodeScale> code_scales(const Value& value) {
  std::vector<simd::CodeScale> scales(static_cast<size_t>(value.shape.c));
  for (int64_t c = 0; value.coding && c < value.shape.c; ++c)
    scales[static_cast<size_t>(c)] = code_scale(*value.coding, c);
  return scales;
}

// Of the frames of an item.
class FrameStatistics {
 public:
  FrameStatistics(const IntegerKernels& kernels, NormStatistics op, const Value& src)
      : kernels_(kernels.frame_norms), op_(std::move(op)), src_(src), codes_(code_scales(src)) {}

  struct Tile {
    int64_t row = 0;
    int64_t begin = 0;
    size_t count = 0;
    std::array<double, kNormFrames> mean;
    std::array<double, kNormFrames> r;
    std::array<float, kNormFrames> near_r;
    std::array<float, kNormFrames> near_mean_r;
    float most_mean_r = 0;

    simd::FrameNormals normals() const {
      return {mean.data(), r.data(), near_r.data(), near_mean_r.data(), most_mean_r};
    }
  };

  int64_t items() const { return src_.shape.h * tiles(); }
  Tile measure(int64_t item) const {
    Tile tile;
    tile.row = item / tiles();
    tile.begin = item % tiles() * kNormFrames;
    tile.count = static_cast<size_t>(std::min(kNormFrames, src_.shape.w - tile.begin));
    if (src_.coding) {
      measure_codes(tile);
    } else {
      measure_floats(tile);
    }
    for (size_t i = 0; i < tile.count; ++i)
      tile.most_mean_r = std::max(tile.most_mean_r, std::fabs(tile.near_mean_r[i]));
    return tile;
  }

  simd::ChannelNorm channel(int64_t c) const { return {op_.gamma[c], op_.beta[c], op_.center[c]}; }
  int64_t channels() const { return op_.gamma.size(); }
  const simd::FrameNormKernels& kernels() const { return kernels_; }

 private:
  int64_t tiles() const { return (src_.shape.w + kNormFrames - 1) / kNormFrames; }

  void measure_codes(Tile& tile) const {
    std::array<double, kNormFrames> first;
    std::array<double, kNormFrames> second;
    const void* const codes =
        static_cast<const std::byte*>(src_.row(0, tile.row)) + tile.begin * src_.element_bytes();
    kernels_.moments({codes, static_cast<size_t>(src_.shape.h * src_.shape.w), src_.format(),
                      codes_.data(), codes_.size(), tile.count, first.data(), second.data()});
    kernels_.normals({first.data(), second.data(), static_cast<double>(src_.shape.c), op_.eps,
                      tile.count, tile.mean.data(), tile.r.data(), tile.near_r.data(),
                      tile.near_mean_r.data()});
  }

  void measure_floats(Tile& tile) const {
    reference::FrameStatistics frames;
    reference::measure_frames(src_.floats(), tile.row, tile.begin, static_cast<int64_t>(tile.count),
                              frames);
    for (size_t i = 0; i < tile.count; ++i) {
      tile.mean[i] = frames.mean[i];
      tile.r[i] = 1.0 / std::sqrt(frames.variance[i] + op_.eps);
      tile.near_r[i] = static_cast<float>(tile.r[i]);
      tile.near_mean_r[i] = static_cast<float>(tile.mean[i] * tile.r[i]);
    }
  }

  simd::FrameNormKernels kernels_;
  NormStatistics op_;
  const Value& src_;
  std::vector<simd::CodeScale> codes_;  // of its channels
};

class FrameStatisticsStep final : public Step {
 public:
  FrameStatisticsStep(const IntegerKernels& kernels, NormStatistics op, const Value& src,
                      const Value& dst)
      : statistics_(kernels, std::move(op), src), dst_(dst) {
    items = statistics_.items();
  }
  void run(int64_t item, std::byte*) override {
    const auto tile = statistics_.measure(item);
    for (int64_t c = 0; c < statistics_.channels(); ++c) {
      statistics_.kernels().coefficients({statistics_.channel(c), tile.normals(), tile.count,
                                          floats(tile, c),
                                          floats(tile, statistics_.channels() + c)});
    }
  }

 private:
  float* floats(const FrameStatistics::Tile& tile, int64_t c) const {
    return static_cast<float*>(dst_.target_row(c, tile.row)) + tile.begin;
  }

  FrameStatistics statistics_;
  const Value& dst_;
};

class FrameNormStep final : public Step {
 public:
  FrameNormStep(const IntegerKernels& kernels, NormStatistics op, const Value& of, const Value& src,
                const Value& dst)
      : statistics_(kernels, std::move(op), of),
        src_(src),
        dst_(dst),
        read_(code_scales(src)),
        written_(code_scales(dst)) {
    items = statistics_.items();
    near_.resize(read_.size());
    if (!src.coding || !dst.coding) return;
    for (size_t c = 0; c < near_.size(); ++c) {
      const simd::ChannelNorm channel = statistics_.channel(static_cast<int64_t>(c));
      near_[c] = simd::near_scale(channel, read_[c], written_[c]);
    }
  }
  void run(int64_t item, std::byte*) override {
    const auto tile = statistics_.measure(item);
    for (int64_t c = 0; c < dst_.shape.c; ++c) {
      simd::FrameScaleArgs args;
      args.channel = statistics_.channel(c);
      args.normals = tile.normals();
      const auto channel = static_cast<size_t>(c);
      args.near = near_[channel];
      args.src.data =
          static_cast<const std::byte*>(src_.row(c, tile.row)) + tile.begin * src_.element_bytes();
      args.src.format = src_.format();
      args.src.codes = read_[channel];
      args.dst.data =
          static_cast<std::byte*>(dst_.target_row(c, tile.row)) + tile.begin * dst_.element_bytes();
      args.dst.format = dst_.format();
      args.dst.codes = written_[channel];
      args.count = tile.count;
      statistics_.kernels().scale(args);
    }
  }

 private:
  FrameStatistics statistics_;
  const Value& src_;
  const Value& dst_;
  std::vector<simd::CodeScale> read_;
  std::vector<simd::CodeScale> written_;
  std::vector<simd::NearScale> near_;
};

}  // namespace

std::unique_ptr<Step> frame_statistics_step(const IntegerKernels& kernels, NormStatistics op,
                                            const Value& src, const Value& dst) {
  return std::make_unique<FrameStatisticsStep>(kernels, std::move(op), src, dst);
}

std::unique_ptr<Step> frame_norm_step(const IntegerKernels& kernels, NormStatistics op,
                                      const Value& of, const Value& src, const Value& dst) {
  return std::make_unique<FrameNormStep>(kernels, std::move(op), of, src, dst);
}

}  // namespace tessera::emulator
