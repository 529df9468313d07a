#include "tessera/compiler/quantize.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <thread>

#include <fmt/format.h>

namespace tessera {

struct ChannelStatistics::Moments {
  double sum = 0;
  double squares = 0;
  float low = 0;
  float high = 0;

  // Finite floats cannot overflow double sums of squares.
  bool finite() const { return std::isfinite(squares); }
};

namespace {

using Moments = ChannelStatistics::Moments;

constexpr int kBins = ChannelStatistics::kBins;

float middle_of(int bin, float reach) {
  return (static_cast<float>(bin) + 0.5F) * (2.0F * reach / kBins) - reach;
}

// In four lanes, which a processor adds at once.
Moments moments_of(std::span<const float> values) {
  constexpr size_t kLanes = 4;
  std::array<double, kLanes> sum{};
  std::array<double, kLanes> squares{};
  std::array<float, kLanes> low{};
  std::array<float, kLanes> high{};
  Moments moments;
  if (values.empty()) return moments;
  low.fill(values[0]);
  high.fill(values[0]);
  const auto add = [&](size_t lane, float x) {
    const auto wide = static_cast<double>(x);
    sum[lane] += wide;
    squares[lane] += wide * wide;
    low[lane] = std::min(low[lane], x);
    high[lane] = std::max(high[lane], x);
  };
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) add(lane, values[i + lane]);
  }
  for (; i < values.size(); ++i) add(0, values[i]);
  moments.sum = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  moments.squares = (squares[0] + squares[1]) + (squares[2] + squares[3]);
  moments.low = *std::min_element(low.begin(), low.end());
  moments.high = *std::max_element(high.begin(), high.end());
  return moments;
}

// work(i) for i below `count`, by several threads.
template <typename Work>
void for_each(size_t count, int threads, const Work& work) {
  std::atomic<size_t> next{0};
  const auto take = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> helpers;
  for (int t = 1; t < threads; ++t) helpers.emplace_back(take);
  take();
  for (std::thread& helper : helpers) helper.join();
}

// The values beyond which lies `share` of all, on each side.
Range percentile_range(const ChannelStatistics& statistics, double share) {
  const auto allowed = static_cast<int64_t>(share * static_cast<double>(statistics.count()));
  const auto bins = statistics.bins();
  const float width = 2.0F * statistics.reach() / kBins;
  Range range{statistics.low(), statistics.high()};
  int64_t beyond = 0;
  for (size_t i = 0; i < bins.size() && (beyond += bins[i]) <= allowed; ++i)
    range.low = std::max(range.low, static_cast<float>(i + 1) * width - statistics.reach());
  beyond = 0;
  for (size_t i = bins.size(); i-- > 0 && (beyond += bins[i]) <= allowed;)
    range.high = std::min(range.high, static_cast<float>(i) * width - statistics.reach());
  return range;
}

// Rounding error of 256 codes inside, distance to the nearest end outside.
double squared_error(const ChannelStatistics& statistics, const Range& range) {
  const double step = (static_cast<double>(range.high) - static_cast<double>(range.low)) / 255;
  double error = 0;
  for (int i = 0; i < kBins; ++i) {
    const int64_t count = statistics.bins()[static_cast<size_t>(i)];
    if (count == 0) continue;
    const auto x = static_cast<double>(middle_of(i, statistics.reach()));
    const double outside =
        std::max({0.0, x - static_cast<double>(range.high), static_cast<double>(range.low) - x});
    error +=
        static_cast<double>(count) * (outside * outside + (outside > 0 ? 0 : step * step / 12));
  }
  return error;
}

// Divergence of the clipped distribution from the seen one, where all values in one of `kLevels`
// steps look alike. Migacz: "8-bit inference with TensorRT", GTC 2017.
double divergence(const ChannelStatistics& statistics, const Range& range) {
  constexpr int kLevels = 128;
  std::array<double, kBins> clipped{};
  std::array<double, kLevels> level{};
  std::array<int, kLevels> filled{};
  const auto level_of = [&](int bin) {
    const float x = middle_of(bin, statistics.reach());
    const float at = (x - range.low) / (range.high - range.low) * kLevels;
    return std::clamp(static_cast<int>(at), 0, kLevels - 1);
  };
  const auto last = static_cast<float>(kBins - 1);
  const auto bin_of = [&](float x) {
    const float at = (x + statistics.reach()) / (2.0F * statistics.reach()) * kBins;
    return static_cast<int>(std::clamp(at, 0.0F, last));
  };
  for (int i = 0; i < kBins; ++i) {
    const auto count = static_cast<double>(statistics.bins()[static_cast<size_t>(i)]);
    if (count == 0) continue;
    const float x = std::clamp(middle_of(i, statistics.reach()), range.low, range.high);
    clipped[static_cast<size_t>(bin_of(x))] += count;
    if (x != middle_of(i, statistics.reach())) continue;  // what is cut off is not in the codes
    level[static_cast<size_t>(level_of(i))] += count;
    ++filled[static_cast<size_t>(level_of(i))];
  }
  double inside = 0;
  for (double count : level) inside += count;
  double sum = 0;
  for (int i = 0; i < kBins; ++i) {
    const double p = clipped[static_cast<size_t>(i)] / static_cast<double>(statistics.count());
    if (p == 0) continue;
    const auto at = static_cast<size_t>(level_of(i));
    const double q = filled[at] > 0 ? level[at] / filled[at] / inside : 0;
    sum += p * std::log(p / std::max(q, 1e-12));
  }
  return sum;
}

// The whole range times the factor that makes `error` least.
template <typename ErrorOf>
Range best_shrunk_range(const ChannelStatistics& statistics, ErrorOf&& error_of) {
  const Range whole{std::min(0.0F, statistics.low()), std::max(0.0F, statistics.high())};
  Range best = whole;
  double least = error_of(statistics, whole);
  for (int i = 1; i <= 16; ++i) {
    const float factor = 1.0F - 0.05F * static_cast<float>(i);
    const Range range{whole.low * factor, whole.high * factor};
    const double error = error_of(statistics, range);
    if (error < least) {
      least = error;
      best = range;
    }
  }
  return best;
}

}  // namespace

std::string_view to_string(RangeEstimator range_estimator) {
  switch (range_estimator) {
    case RangeEstimator::min_max: return "min_max";
    case RangeEstimator::percentile: return "percentile";
    case RangeEstimator::mse: return "mse";
    case RangeEstimator::entropy: return "entropy";
  }
  return "";
}

bool ChannelStatistics::observe(std::span<const float> values) {
  const Moments seen = moments_of(values);
  if (!seen.finite()) return false;
  add(values, seen);
  return true;
}

void ChannelStatistics::add(std::span<const float> values, const Moments& seen) {
  if (values.empty()) return;
  const bool first = count_ == 0;
  low_ = first ? seen.low : std::min(low_, seen.low);
  high_ = first ? seen.high : std::max(high_, seen.high);
  widen(std::max({0.0F, -seen.low, seen.high}));
  count_ += static_cast<int64_t>(values.size());
  sum_ += seen.sum;
  squares_ += seen.squares;
  if (reach_ > 0) add_to_bins(values);
}

// Near values come one after another: counted in turn in several places, none waits for the one
// before it.
void ChannelStatistics::add_to_bins(std::span<const float> values) {
  constexpr size_t kWays = 4;
  constexpr size_t kRun = size_t{1} << 24;  // values: counts fit 32 bits
  const float bins_per_unit = kBins / (2 * reach_);
  const auto bin_of = [&](float x) {
    return static_cast<size_t>(std::min(static_cast<int>((x + reach_) * bins_per_unit), kBins - 1));
  };
  for (; !values.empty(); values = values.subspan(std::min(kRun, values.size()))) {
    const auto run = values.first(std::min(kRun, values.size()));
    std::array<std::array<uint32_t, kBins>, kWays> counts{};
    size_t i = 0;
    for (; i + kWays <= run.size(); i += kWays) {
      for (size_t way = 0; way < kWays; ++way) ++counts[way][bin_of(run[i + way])];
    }
    for (; i < run.size(); ++i) ++counts[0][bin_of(run[i])];
    for (size_t bin = 0; bin < size_t{kBins}; ++bin)
      bins_[bin] += counts[0][bin] + counts[1][bin] + counts[2][bin] + counts[3][bin];
  }
}

std::optional<ChannelStatistics> ChannelStatistics::from_parts(Parts parts) {
  int64_t counted = 0;
  for (int64_t bin : parts.bins) {
    if (bin < 0 || bin > parts.count - counted) return std::nullopt;
    counted += bin;
  }
  const bool finite = std::isfinite(parts.sum) && std::isfinite(parts.squares) &&
                      std::isfinite(parts.reach) && parts.low <= parts.high;
  const bool reaches = parts.reach >= std::max(-parts.low, parts.high);
  const bool whole = parts.reach == 0
                         ? parts.bins.empty()
                         : parts.bins.size() == size_t{kBins} && counted == parts.count;
  if (parts.count < 0 || !finite || !reaches || !whole) return std::nullopt;
  ChannelStatistics made;
  made.count_ = parts.count;
  made.sum_ = parts.sum;
  made.squares_ = parts.squares;
  made.low_ = parts.low;
  made.high_ = parts.high;
  made.reach_ = parts.reach;
  made.bins_ = std::move(parts.bins);
  return made;
}

// Doubling the reach joins pairs of bins towards the middle, where 0 is a border.
void ChannelStatistics::widen(float magnitude) {
  if (magnitude <= reach_) return;
  const float wanted = std::max(std::exp2(std::ceil(std::log2(magnitude))), 1e-30F);
  if (bins_.empty()) {
    bins_.assign(kBins, 0);
    bins_[kBins / 2] = count_;  // only zeros until now
    reach_ = wanted;
  }
  for (; reach_ < wanted; reach_ *= 2) {
    std::vector<int64_t> wider(kBins, 0);
    for (size_t i = 0; i < size_t{kBins}; ++i) wider[size_t{kBins} / 4 + i / 2] += bins_[i];
    bins_ = std::move(wider);
  }
}

void ChannelStatistics::merge(const ChannelStatistics& other) {
  if (other.count_ == 0) return;
  low_ = count_ == 0 ? other.low_ : std::min(low_, other.low_);
  high_ = count_ == 0 ? other.high_ : std::max(high_, other.high_);
  ChannelStatistics added = other;
  added.widen(reach_);
  widen(other.reach_);
  for (size_t i = 0; i < bins_.size(); ++i) bins_[i] += added.bins_[i];  // equal reach by now
  count_ += other.count_;
  sum_ += other.sum_;
  squares_ += other.squares_;
}

Result<void> TensorStatistics::observe(const Node& node, std::span<const float> values) {
  TESSERA_CHECK(static_cast<int64_t>(values.size()) == node.shape.size(), "a whole value");
  auto& channels = nodes_[node.name];
  channels.resize(static_cast<size_t>(node.shape.c));
  const auto each = static_cast<size_t>(node.shape.h * node.shape.w);
  for (size_t c = 0; c < channels.size(); ++c) {
    if (!channels[c].observe(values.subspan(c * each, each))) {
      return TESSERA_ERROR(kInvalidModel, fmt::format("node '{}'", node.name),
                           fmt::format("gives NaN or infinity in channel {}", c),
                           "look at the calibration input that causes it");
    }
  }
  return {};
}

Result<void> TensorStatistics::observe(std::span<const ObservedValue> run, int threads) {
  // Before anything is counted: all is finite.
  std::vector<std::vector<Moments>> seen(run.size());
  for_each(run.size(), threads, [&](size_t i) {
    const Shape& shape = run[i].node->shape;
    TESSERA_CHECK(static_cast<int64_t>(run[i].values.size()) == shape.size(), "a whole value");
    const auto each = static_cast<size_t>(shape.h * shape.w);
    for (size_t c = 0; c < static_cast<size_t>(shape.c); ++c)
      seen[i].push_back(moments_of(run[i].values.subspan(c * each, each)));
  });
  for (size_t i = 0; i < run.size(); ++i) {
    // Counted elsewhere, it tells where.
    if (!std::all_of(seen[i].begin(), seen[i].end(), [](const Moments& m) { return m.finite(); }))
      return TensorStatistics().observe(*run[i].node, run[i].values);
  }
  std::vector<std::vector<ChannelStatistics>*> targets;
  for (const ObservedValue& value : run) targets.push_back(&nodes_[value.node->name]);
  for_each(run.size(), threads, [&](size_t i) {
    const Shape& shape = run[i].node->shape;
    targets[i]->resize(static_cast<size_t>(shape.c));
    const auto each = static_cast<size_t>(shape.h * shape.w);
    for (size_t c = 0; c < targets[i]->size(); ++c)
      (*targets[i])[c].add(run[i].values.subspan(c * each, each), seen[i][c]);
  });
  return {};
}

void TensorStatistics::merge(const TensorStatistics& other) {
  for (const auto& [name, added] : other.nodes_) {
    auto& channels = nodes_[name];
    channels.resize(added.size());
    for (size_t c = 0; c < added.size(); ++c) channels[c].merge(added[c]);
  }
}

void TensorStatistics::restore(std::string node, std::vector<ChannelStatistics> channels) {
  nodes_[std::move(node)] = std::move(channels);
}

const std::vector<ChannelStatistics>* TensorStatistics::find(const std::string& node) const {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? nullptr : &found->second;
}

Range range_of(const ChannelStatistics& statistics, RangeEstimator range_estimator,
               double coverage) {
  Range range{statistics.low(), statistics.high()};
  if (statistics.reach() > 0) {
    if (range_estimator == RangeEstimator::percentile)
      range = percentile_range(statistics, (1 - coverage) / 2);
    if (range_estimator == RangeEstimator::mse)
      range = best_shrunk_range(statistics, squared_error);
    if (range_estimator == RangeEstimator::entropy)
      range = best_shrunk_range(statistics, divergence);
  }
  return {std::min(0.0F, range.low), std::max(0.0F, range.high)};
}

}  // namespace tessera
