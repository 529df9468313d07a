#include <algorithm>
#include <cmath>

#include "tessera/compiler/quantize.h"

namespace tessera {
namespace {

// The value below which lies `share` of all, as if a bin's values lay evenly in it.
double quantile(const ChannelStatistics& all, double share) {
  if (all.reach() == 0) return 0;
  const double wanted = share * static_cast<double>(all.count());
  const double width = 2.0 * static_cast<double>(all.reach()) / ChannelStatistics::kBins;
  double below = 0;
  for (size_t i = 0; i < all.bins().size(); ++i) {
    const auto here = static_cast<double>(all.bins()[i]);
    if (here > 0 && below + here >= wanted) {
      const double begin = static_cast<double>(i) * width - static_cast<double>(all.reach());
      const double x = begin + width * std::max(0.0, wanted - below) / here;
      return std::clamp(x, static_cast<double>(all.low()), static_cast<double>(all.high()));
    }
    below += here;
  }
  return static_cast<double>(all.high());
}

// Widest range of a channel over the middle one's; 0 where all are dead.
double channel_range_ratio(std::span<const ChannelStatistics> channels) {
  std::vector<double> ranges;
  for (const ChannelStatistics& channel : channels) {
    const double range = static_cast<double>(channel.high()) - static_cast<double>(channel.low());
    if (range > 0) ranges.push_back(range);
  }
  if (ranges.empty()) return 0;
  std::sort(ranges.begin(), ranges.end());
  return ranges.back() / ranges[(ranges.size() - 1) / 2];
}

}  // namespace

ValueSummary summarize(std::span<const ChannelStatistics> channels) {
  ChannelStatistics all;
  ValueSummary summary;
  summary.channels = static_cast<int64_t>(channels.size());
  for (const ChannelStatistics& channel : channels) {
    all.merge(channel);
    if (channel.low() == 0 && channel.high() == 0) ++summary.dead_channels;
  }
  summary.count = all.count();
  summary.low = static_cast<double>(all.low());
  summary.high = static_cast<double>(all.high());
  summary.mean = all.mean();
  summary.rms = std::sqrt(all.mean_square());
  summary.low_percentile = quantile(all, 0.001);
  summary.median = quantile(all, 0.5);
  summary.high_percentile = quantile(all, 0.999);
  summary.channel_range_ratio = channel_range_ratio(channels);
  return summary;
}

}  // namespace tessera
