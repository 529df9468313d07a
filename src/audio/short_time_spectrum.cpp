#include "audio/short_time_spectrum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>
#include <unsupported/Eigen/FFT>

namespace tessera {
namespace {

constexpr double kWindowSeconds = 0.032;
constexpr size_t kZeroPadding = 4;  // finer frequency steps to interpolate between

// Transforms windows of one length centred anywhere in a signal; outside it is silence.
class WindowedTransform {
 public:
  WindowedTransform(std::span<const float> samples, size_t window_frames)
      : samples_(samples),
        window_(window_frames),
        padded_(std::bit_ceil(window_frames) * kZeroPadding) {
    double sum = 0.0;
    for (size_t i = 0; i < window_frames; ++i) {
      const double phase = 2.0 * std::numbers::pi * (static_cast<double>(i) + 0.5) /
                           static_cast<double>(window_frames);
      window_[i] = static_cast<float>(0.5 - 0.5 * std::cos(phase));
      sum += static_cast<double>(window_[i]);
    }
    // A full-scale sine peaks at half the sum of the window.
    full_scale_power_ = static_cast<float>(sum * sum / 4.0);
    fft_.SetFlag(Eigen::FFT<float>::HalfSpectrum);
  }

  size_t bins() const { return padded_.size() / 2 + 1; }

  // Adds the power of each bin, relative to a full-scale sine.
  void add_power(int64_t centre, std::vector<float>& power) {
    const int64_t begin = centre - static_cast<int64_t>(window_.size() / 2);
    for (size_t i = 0; i < window_.size(); ++i) {
      const int64_t position = begin + static_cast<int64_t>(i);
      const bool inside = position >= 0 && position < static_cast<int64_t>(samples_.size());
      padded_[i] = inside ? samples_[static_cast<size_t>(position)] * window_[i] : 0.0F;
    }
    fft_.fwd(spectrum_, padded_);
    for (size_t bin = 0; bin < power.size(); ++bin) {
      power[bin] += std::norm(spectrum_[bin]) / full_scale_power_;
    }
  }

 private:
  std::span<const float> samples_;
  std::vector<float> window_;
  std::vector<float> padded_;
  std::vector<std::complex<float>> spectrum_;
  float full_scale_power_ = 1.0F;
  Eigen::FFT<float> fft_;
};

float decibels(float power) {
  return power > 0.0F ? std::max(kSilenceDb, 10.0F * std::log10(power)) : kSilenceDb;
}

}  // namespace

LevelMap short_time_spectrum(std::span<const float> samples, int sample_rate, int columns,
                             int rows) {
  const auto window_frames =
      static_cast<size_t>(std::max(16.0, std::round(kWindowSeconds * sample_rate)));
  WindowedTransform transform(samples, window_frames);
  LevelMap map;
  map.columns = columns;
  map.rows = rows;
  map.levels_db.resize(static_cast<size_t>(columns) * static_cast<size_t>(rows));

  const double column_frames = static_cast<double>(samples.size()) / columns;
  const int windows = std::max(
      1, static_cast<int>(std::ceil(2.0 * column_frames / static_cast<double>(window_frames))));
  std::vector<float> power(transform.bins());
  for (int column = 0; column < columns; ++column) {
    std::fill(power.begin(), power.end(), 0.0F);
    for (int w = 0; w < windows; ++w) {
      const double centre = (column + (w + 0.5) / windows) * column_frames;
      transform.add_power(static_cast<int64_t>(centre), power);
    }
    for (int row = 0; row < rows; ++row) {
      const double bin =
          static_cast<double>(row) / (rows - 1) * static_cast<double>(transform.bins() - 1);
      const auto below = std::min(static_cast<size_t>(bin), transform.bins() - 2);
      const auto part = static_cast<float>(bin - static_cast<double>(below));
      const float mean =
          (power[below] * (1.0F - part) + power[below + 1] * part) / static_cast<float>(windows);
      map.at(column, row) = decibels(mean);
    }
  }
  return map;
}

}  // namespace tessera
