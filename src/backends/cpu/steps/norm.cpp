#include "backends/cpu/steps/norm.h"

#include <algorithm>
#include <cmath>

namespace tessera::cpu {
namespace {

struct Moments {
  double mean = 0;
  double scale = 1;  // 1/sigma
};

Moments moments(double sum, double square, double count, double eps) {
  const double mean = sum / count;
  const double variance = std::max(0.0, square / count - mean * mean);
  return {mean, 1.0 / std::sqrt(variance + eps)};
}

}  // namespace

void StatisticsStep::run(const TileContext& context) const {
  simd::StatisticsArgs args;
  args.src = context.tile_of(src);
  args.channels = channels;
  args.statistics = statistics.kind;
  args.valid_frames = context.valid_frames;
  args.sums = statistics.fresh(context);
  context.kernels.statistics(args);
}

void GlobalNormStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  for (size_t plane = 0; plane < planes; ++plane) {
    double sum = 0;
    double square = 0;
    for (size_t tile = 0; tile < statistics.tiles; ++tile) {
      const simd::Sums sums = statistics.at(context, plane, tile);
      sum += *sums.sum;
      square += *sums.square;
    }
    const Moments m = moments(sum, square, static_cast<double>(count), eps);
    if (rows != kNoValue) {
      float* const row = context.blob(rows) + plane * 2 * frames;
      std::fill_n(row, frames, static_cast<float>(m.mean));
      std::fill_n(row + frames, frames, static_cast<float>(m.scale));
    }
    if (gains != kNoValue) {
      const auto channels = static_cast<size_t>(gamma.size());
      float* const gain = context.blob(gains) + plane * 2 * channels;
      for (size_t c = 0; c < channels; ++c) {
        const double factor = m.scale * static_cast<double>(gamma.data()[c]);
        gain[c] = static_cast<float>(factor);
        gain[channels + c] =
            static_cast<float>(static_cast<double>(beta.data()[c]) - m.mean * factor);
      }
    }
  }
}

void FeatureNormStep::run(const TileContext& context) const {
  const auto n = static_cast<size_t>(gamma.size());
  for (size_t plane = 0; plane < planes; ++plane) {
    float* const center = context.blob(channels) + plane * 3 * n;
    for (size_t c = 0; c < n; ++c) {
      double sum = 0;
      double square = 0;
      for (size_t tile = 0; tile < statistics.tiles; ++tile) {
        const simd::Sums sums = statistics.at(context, plane, tile);
        sum += sums.sum[c];
        square += sums.square[c];
      }
      const Moments m = moments(sum, square, static_cast<double>(count), eps);
      center[c] = static_cast<float>(m.mean);
      center[n + c] = static_cast<float>(m.scale * static_cast<double>(gamma.data()[c]));
      center[2 * n + c] = beta.data()[c];
    }
  }
}

void FrameNormStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  const simd::Sums sums = statistics.at(context, context.plane, context.tile);
  float* const row = context.tile_of(rows);
  for (size_t t = 0; t < frames; ++t) {
    const Moments m = moments(sums.sum[t], sums.square[t], static_cast<double>(count), eps);
    row[t] = static_cast<float>(m.mean);
    row[frames + t] = static_cast<float>(m.scale);
  }
}

void CumulativeNormStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  const MemorySlot& place = context.places[rows];
  for (size_t plane = 0; plane < src_domain.planes; ++plane) {
    double sum = 0;
    double square = 0;
    double seen = 0;
    for (size_t tile = 0; tile < statistics.tiles; ++tile) {
      const simd::Sums sums = statistics.at(context, plane, tile);
      float* const row = place.base + plane * place.plane_floats + tile * place.tile_floats;
      for (size_t t = 0; t < frames; ++t) {
        sum += sums.sum[t];
        square += sums.square[t];
        seen += static_cast<double>(count);
        const Moments m = moments(sum, square, seen, eps);
        row[t] = static_cast<float>(m.mean);
        row[frames + t] = static_cast<float>(m.scale);
      }
    }
  }
}

void NormCoefficientsStep::run(const TileContext& context) const {
  const size_t frames = context.kernels.tile_frames;
  const auto n = static_cast<size_t>(gamma.size());
  float* const factor = context.tile_of(dst);
  float* const term = factor + n * frames;
  const float* const channel =
      per_channel == kNoValue ? nullptr
                              : context.blob(per_channel) + context.plane * 3 * source_channels;
  for (size_t c = 0; c < n; ++c) {
    const auto g = static_cast<double>(gamma.data()[c]);
    const auto b = static_cast<double>(beta.data()[c]);
    const auto z = static_cast<double>(center.data()[c]);
    for (size_t t = 0; t < frames; ++t) {
      const auto mean = static_cast<double>(channel ? channel[c] : rows.center(context)[t]);
      const auto r =
          static_cast<double>(channel ? channel[source_channels + c] : rows.scale(context)[t]);
      factor[c * frames + t] = static_cast<float>(g * r);
      term[c * frames + t] = static_cast<float>(b - z * mean * r);
    }
  }
}

void RescaleStep::run(const TileContext& context) const {
  simd::RescaleArgs args;
  args.src = context.tile_of(src);
  args.dst = context.tile_of(dst);
  if (epilogue.residual != kNoValue) args.residual = context.tile_of(epilogue.residual);
  args.channels = channels;
  args.center = rows.center(context);
  args.scale = rows.scale(context);
  args.u = u.data();
  args.v = v.data();
  args.activation = epilogue.activation;
  args.slopes = epilogue.slopes.data();
  args.statistics = epilogue.statistics.kind;
  args.valid_frames = context.valid_frames;
  args.sums = epilogue.statistics.fresh(context);
  context.kernels.rescale(args);
}

bool RescaleStep::take_statistics(simd::Statistics kind, ValueId sums) {
  return epilogue.take(kind, sums, channels, tiles, tile_frames);
}

void NormalizeStep::run(const TileContext& context) const {
  const float* const values =
      per_channel != kNoValue ? context.blob(per_channel) + context.plane * 3 * channels : nullptr;
  simd::NormalizeArgs args;
  args.src = context.tile_of(src);
  args.dst = context.tile_of(dst);
  args.channels = channels;
  args.frame_center = rows.center(context);
  args.frame_scale = rows.scale(context);
  args.center = values;
  args.gain = values != nullptr ? values + channels : gain.data();
  args.offset = values != nullptr ? values + 2 * channels : offset.data();
  args.activation = epilogue.activation;
  args.slopes = epilogue.slopes.data();
  args.statistics = epilogue.statistics.kind;
  args.valid_frames = context.valid_frames;
  args.sums = epilogue.statistics.fresh(context);
  context.kernels.normalize(args);
}

bool NormalizeStep::take_statistics(simd::Statistics kind, ValueId sums) {
  return epilogue.take(kind, sums, channels, tiles, tile_frames);
}

}  // namespace tessera::cpu
