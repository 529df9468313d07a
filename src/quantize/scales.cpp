#include "quantize/scales.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace tessera::quantization {
namespace {

constexpr double kSmallestShare = 1e-3;  // of the widest channel's range
constexpr double kSmallestScale = 1e-30;

// Step that both ends need around a zero point.
double step_for(const Range& range, int32_t zero, int32_t lowest, int32_t highest) {
  const auto above = static_cast<double>(highest - zero);
  const auto below = static_cast<double>(zero - lowest);
  double step = 0;
  if (range.high > 0) step = above > 0 ? static_cast<double>(range.high) / above : 1e30;
  if (range.low < 0) {
    step = std::max(step, below > 0 ? -static_cast<double>(range.low) / below : 1e30);
  }
  return step;
}

int32_t best_zero_point(const Range& range, int32_t lowest, int32_t highest) {
  const double width = static_cast<double>(range.high) - static_cast<double>(range.low);
  if (width == 0) return lowest;
  const double step = width / (highest - lowest);
  const auto nearest =
      lowest + static_cast<int32_t>(std::lround(-static_cast<double>(range.low) / step));
  // Its neighbours too: a side shorter than a step or two needs a code of its own, or loses the
  // other side's to rounding.
  int32_t best = std::clamp(nearest, lowest, highest);
  for (const int32_t zero : {nearest - 1, nearest + 1}) {
    if (zero < lowest || zero > highest) continue;
    if (step_for(range, zero, lowest, highest) < step_for(range, best, lowest, highest)) {
      best = zero;
    }
  }
  return best;
}

// Of all channels: the one with the least mean logarithm of steps.
int32_t common_zero_point(std::span<const Range> ranges, int32_t lowest, int32_t highest) {
  int32_t best = lowest;
  double least = std::numeric_limits<double>::infinity();
  for (int32_t zero = lowest; zero <= highest; ++zero) {
    double sum = 0;
    for (const Range& range : ranges) {
      const double step = step_for(range, zero, lowest, highest);
      if (step > 0) sum += std::log(step);
    }
    if (sum < least) {
      least = sum;
      best = zero;
    }
  }
  return best;
}

// Groups of channels become one range.
std::vector<Range> joined(std::span<const Range> ranges, std::span<const int> parts) {
  std::vector<Range> joined;
  for (size_t c = 0; c < ranges.size(); ++c) {
    const auto part = static_cast<size_t>(parts[c]);
    if (joined.size() <= part) joined.resize(part + 1);
    joined[part].low = std::min(joined[part].low, ranges[c].low);
    joined[part].high = std::max(joined[part].high, ranges[c].high);
  }
  return joined;
}

}  // namespace

ValueEncoding encode_ranges(std::span<const Range> ranges, std::span<const int> parts, int bits,
                            bool one_zero_point) {
  ValueEncoding encoding;
  encoding.bits = bits;
  encoding.is_signed = bits == 16;
  const int32_t lowest = encoding.lowest();
  const int32_t highest = encoding.highest();
  const std::vector<Range> groups = joined(ranges, parts);
  std::vector<int32_t> zeros(groups.size(), 0);
  if (bits == 8) {
    const int32_t common = common_zero_point(groups, lowest, highest);
    for (size_t g = 0; g < groups.size(); ++g)
      zeros[g] = one_zero_point ? common : best_zero_point(groups[g], lowest, highest);
  }
  std::vector<double> steps(groups.size());
  for (size_t g = 0; g < groups.size(); ++g)
    steps[g] = step_for(groups[g], zeros[g], lowest, highest);
  const double widest = *std::max_element(steps.begin(), steps.end());
  const double least = widest > 0 ? std::max(widest * kSmallestShare, kSmallestScale) : 1.0;
  const bool one = groups.size() == 1;
  for (size_t c = 0; c < (one ? 1 : ranges.size()); ++c) {
    const auto g = static_cast<size_t>(parts[c]);
    encoding.scale.push_back(static_cast<float>(std::max(steps[g], least)));
    if (!one_zero_point || c == 0) encoding.zero_point.push_back(zeros[g]);
  }
  return encoding;
}

namespace {

// What balancing weighs: for each channel, sum over the readers' outputs of squared weights.
struct Columns {
  std::vector<double> energy;   // sum of w^2
  std::vector<double> largest;  // max of |w|
};

Columns columns_of(size_t channels, std::span<const Matrix> readers) {
  Columns columns{std::vector<double>(channels, 0), std::vector<double>(channels, 0)};
  for (const Matrix& reader : readers) {
    for (int64_t o = 0; o < reader.outputs(); ++o) {
      for (int64_t i = 0; i < reader.inputs() * reader.taps(); ++i) {
        const auto w =
            static_cast<double>((*reader.weight)[o * reader.inputs() * reader.taps() + i]);
        const auto c = static_cast<size_t>(reader.channel(o, i / reader.taps()));
        columns.energy[c] += w * w;
        columns.largest[c] = std::max(columns.largest[c], std::abs(w));
      }
    }
  }
  return columns;
}

// Expected squared error of codes with these scales, behind the readers.
double code_error(std::span<const double> scale, const Columns& columns) {
  double error = 0;
  for (size_t c = 0; c < scale.size(); ++c) error += scale[c] * scale[c] / 12 * columns.energy[c];
  return error;
}

// Expected squared error of the readers' weights once they hold the scales: one step per row, as
// wide as the row's largest needs.
double weight_error(std::span<const double> scale, std::span<const ChannelStatistics> statistics,
                    std::span<const Matrix> readers) {
  double error = 0;
  for (const Matrix& reader : readers) {
    const int64_t row = reader.inputs() * reader.taps();
    for (int64_t o = 0; o < reader.outputs(); ++o) {
      double largest = 0;
      double power = 0;
      for (int64_t i = 0; i < row; ++i) {
        const auto c = static_cast<size_t>(reader.channel(o, i / reader.taps()));
        largest = std::max(largest,
                           std::abs(static_cast<double>((*reader.weight)[o * row + i])) * scale[c]);
        power += statistics[c].mean_square() / (scale[c] * scale[c]);
      }
      error += largest * largest / (127.0 * 127.0) / 12 * power;
    }
  }
  return error;
}

double error_of(std::span<const double> scale, std::span<const ChannelStatistics> statistics,
                std::span<const Matrix> readers, const Columns& columns) {
  return code_error(scale, columns) + weight_error(scale, statistics, readers);
}

// `ranges` by `weights`, each to a power: what scales are chosen among.
constexpr std::array<double, 5> kRangePowers{1.0, 0.75, 0.5, 0.25, 0.0};
constexpr std::array<double, 3> kWeightPowers{0.0, 0.5, 1.0};
constexpr double kSmallestWeight = 1e-9;

double magnitude_of(const Range& range) {
  return static_cast<double>(std::max(-range.low, range.high));
}

// What each channel needs beside the others, over all parts.
std::vector<double> common_magnitudes(std::span<const JoinedRanges> parts) {
  std::vector<double> sums(parts[0].ranges.size(), 0);
  for (const JoinedRanges& part : parts) {
    double power = 0;
    for (const Range& range : part.ranges) power += magnitude_of(range) * magnitude_of(range);
    if (power == 0) continue;
    for (size_t c = 0; c < sums.size(); ++c)
      sums[c] += magnitude_of(part.ranges[c]) * magnitude_of(part.ranges[c]) / power;
  }
  for (double& sum : sums) sum = std::sqrt(sum);
  return sums;
}

void limit_proportions(std::vector<double>& proportions) {
  const double largest = *std::max_element(proportions.begin(), proportions.end());
  for (double& p : proportions) p = largest > 0 ? std::max(p / largest, kSmallestShare) : 1.0;
}

// Of all parts, each with the least step that holds its ranges.
double error_of(std::span<const double> proportions, std::span<const JoinedRanges> parts,
                const Columns& columns) {
  double error = 0;
  std::vector<double> scale(proportions.size());
  for (const JoinedRanges& part : parts) {
    double step = kSmallestScale;
    for (size_t c = 0; c < scale.size(); ++c)
      step = std::max(step, magnitude_of(part.ranges[c]) / 127 / proportions[c]);
    for (size_t c = 0; c < scale.size(); ++c) scale[c] = step * proportions[c];
    error += code_error(scale, columns) + weight_error(scale, part.statistics, part.readers);
  }
  return error;
}

}  // namespace

std::vector<double> column_energy(size_t channels, std::span<const Matrix> readers) {
  if (readers.empty()) return std::vector<double>(channels, 1);
  return columns_of(channels, readers).energy;
}

std::vector<double> common_proportions(std::span<const JoinedRanges> parts) {
  const size_t channels = parts[0].ranges.size();
  std::vector<Matrix> readers;
  for (const JoinedRanges& part : parts) {
    readers.insert(readers.end(), part.readers.begin(), part.readers.end());
    readers.insert(readers.end(), part.readers_behind.begin(), part.readers_behind.end());
  }
  Columns columns = columns_of(channels, readers);
  if (readers.empty())
    columns = {std::vector<double>(channels, 1), std::vector<double>(channels, 1)};
  const std::vector<double> needed = common_magnitudes(parts);
  std::vector<double> best(channels, 1.0);
  double least = error_of(best, parts, columns);
  for (double range_power : kRangePowers) {
    for (double weight_power : kWeightPowers) {
      std::vector<double> proportions(channels);
      for (size_t c = 0; c < channels; ++c) {
        proportions[c] = std::pow(needed[c], range_power) /
                         std::pow(std::max(columns.largest[c], kSmallestWeight), weight_power);
      }
      limit_proportions(proportions);
      const double error = error_of(proportions, parts, columns);
      if (error < least) {
        least = error;
        best = std::move(proportions);
      }
    }
  }
  return best;
}

void balance(ValueEncoding& encoding, std::span<const Range> ranges,
             std::span<const ChannelStatistics> statistics, std::span<const Matrix> readers) {
  const size_t channels = ranges.size();
  if (encoding.scale.size() != channels || readers.empty()) return;
  const Columns columns = columns_of(channels, readers);
  std::vector<double> best(encoding.scale.begin(), encoding.scale.end());
  const std::vector<double> needed = best;
  double least = error_of(best, statistics, readers, columns);
  for (double range_power : kRangePowers) {
    for (double weight_power : kWeightPowers) {
      std::vector<double> scale(channels);
      double factor = 0;
      for (size_t c = 0; c < channels; ++c) {
        const double weight = std::max(columns.largest[c], kSmallestWeight);
        scale[c] = std::pow(needed[c], range_power) / std::pow(weight, weight_power);
        factor = std::max(factor, needed[c] / scale[c]);
      }
      for (double& s : scale) s *= factor;
      const double error = error_of(scale, statistics, readers, columns);
      if (error < least) {
        least = error;
        best = scale;
      }
    }
  }
  for (size_t c = 0; c < channels; ++c)
    encoding.scale[c] = std::max(static_cast<float>(best[c]), encoding.scale[c]);
}

}  // namespace tessera::quantization
