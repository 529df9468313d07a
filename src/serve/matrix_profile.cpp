#include "serve/matrix_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace tessera {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNeighbourRadius = 2;  // times the motif's own distance

int64_t exclusion(int64_t length) {
  return (length + 1) / 2;
}

// Means and deviations of all subsequences, and distances between two of them.
class Subsequences {
 public:
  Subsequences(const LatentSeries& series, int64_t length)
      : length_(length),
        dimensions_(series.dimensions),
        count_(series.count() - length + 1),
        values_(series.values.size()) {
    centre(series);
    summarise();
  }

  int64_t count() const { return count_; }
  int64_t dimensions() const { return dimensions_; }

  // q_k of subsequences i and j.
  void dot(int64_t i, int64_t j, std::vector<double>& q) const {
    std::fill(q.begin(), q.end(), 0.0);
    for (int64_t t = 0; t < length_; ++t) {
      const double* a = row(i + t);
      const double* b = row(j + t);
      for (int64_t k = 0; k < dimensions_; ++k) q[static_cast<size_t>(k)] += a[k] * b[k];
    }
  }
  // From those of i - 1 and j - 1.
  void slide(int64_t i, int64_t j, std::vector<double>& q) const {
    const double* out_a = row(i - 1);
    const double* out_b = row(j - 1);
    const double* in_a = row(i + length_ - 1);
    const double* in_b = row(j + length_ - 1);
    for (int64_t k = 0; k < dimensions_; ++k)
      q[static_cast<size_t>(k)] += in_a[k] * in_b[k] - out_a[k] * out_b[k];
  }
  double distance(int64_t i, int64_t j, const std::vector<double>& q) const {
    const auto m = static_cast<double>(length_);
    const double* mean_i = &mean_[static_cast<size_t>(i * dimensions_)];
    const double* mean_j = &mean_[static_cast<size_t>(j * dimensions_)];
    const double* inverse_i = &inverse_[static_cast<size_t>(i * dimensions_)];
    const double* inverse_j = &inverse_[static_cast<size_t>(j * dimensions_)];
    double sum = 0;
    for (int64_t k = 0; k < dimensions_; ++k) {
      if (inverse_i[k] == 0 || inverse_j[k] == 0) {
        sum += inverse_i[k] == inverse_j[k] ? 0 : std::sqrt(m);
        continue;
      }
      const double r =
          (q[static_cast<size_t>(k)] - m * mean_i[k] * mean_j[k]) * inverse_i[k] * inverse_j[k] / m;
      sum += std::sqrt(std::max(0.0, 2 * m * (1 - r)));
    }
    return sum / static_cast<double>(dimensions_);
  }

 private:
  const double* row(int64_t t) const { return &values_[static_cast<size_t>(t * dimensions_)]; }

  // About the mean of each dimension, so that sums keep their digits.
  void centre(const LatentSeries& series) {
    const int64_t frames = series.count();
    largest_.assign(static_cast<size_t>(dimensions_), 0);
    for (int64_t k = 0; k < dimensions_; ++k) {
      double sum = 0;
      for (int64_t t = 0; t < frames; ++t)
        sum += static_cast<double>(series.values[static_cast<size_t>(t * dimensions_ + k)]);
      const double mean = sum / static_cast<double>(frames);
      for (int64_t t = 0; t < frames; ++t) {
        const double value =
            static_cast<double>(series.values[static_cast<size_t>(t * dimensions_ + k)]);
        values_[static_cast<size_t>(t * dimensions_ + k)] = value - mean;
        largest_[static_cast<size_t>(k)] =
            std::max(largest_[static_cast<size_t>(k)], std::abs(value));
      }
    }
  }
  void summarise() {
    mean_.resize(static_cast<size_t>(count_ * dimensions_));
    inverse_.resize(mean_.size());
    for (int64_t i = 0; i < count_; ++i) {
      for (int64_t k = 0; k < dimensions_; ++k) {
        double sum = 0;
        for (int64_t t = 0; t < length_; ++t) sum += row(i + t)[k];
        const double mean = sum / static_cast<double>(length_);
        double squares = 0;
        for (int64_t t = 0; t < length_; ++t)
          squares += (row(i + t)[k] - mean) * (row(i + t)[k] - mean);
        const double deviation = std::sqrt(squares / static_cast<double>(length_));
        const auto at = static_cast<size_t>(i * dimensions_ + k);
        mean_[at] = mean;
        inverse_[at] =
            deviation > kConstantShare * largest_[static_cast<size_t>(k)] ? 1 / deviation : 0;
      }
    }
  }

  const int64_t length_;
  const int64_t dimensions_;
  const int64_t count_;
  std::vector<double> values_;   // [frames, dimensions], centred
  std::vector<double> largest_;  // of each dimension
  std::vector<double> mean_;     // [count, dimensions]
  std::vector<double> inverse_;  // of the deviation; 0: constant
};

Result<void> check_length(const LatentSeries& series, int64_t length) {
  if (length < 2)
    return TESSERA_ERROR(kInvalidArgument, "length",
                         fmt::format("is {}; a motif has 2 latents at least", length),
                         "give 2 or more");
  const int64_t needed = length + exclusion(length);
  if (series.count() >= needed) return {};
  return TESSERA_ERROR(kInvalidArgument, "length",
                       fmt::format("is {}; motifs of that length need {} latents, there are {}",
                                   length, needed, series.count()),
                       "stream more, or look for shorter ones");
}

Error cancelled() {
  return TESSERA_ERROR(kCancelled, "", "stopped", "");
}

Result<MatrixProfile> profile_of(const Subsequences& all, int64_t length,
                                 const std::function<bool()>& is_cancelled) {
  MatrixProfile profile;
  profile.length = length;
  profile.distance.assign(static_cast<size_t>(all.count()), kInfinity);
  profile.nearest.assign(static_cast<size_t>(all.count()), -1);
  const auto offer = [&](int64_t i, int64_t j, double distance) {
    if (distance >= profile.distance[static_cast<size_t>(i)]) return;
    profile.distance[static_cast<size_t>(i)] = distance;
    profile.nearest[static_cast<size_t>(i)] = j;
  };
  std::vector<double> q(static_cast<size_t>(all.dimensions()));
  // Along the diagonals, dot products follow from each other.
  for (int64_t apart = exclusion(length); apart < all.count(); ++apart) {
    if (is_cancelled && is_cancelled()) return cancelled();
    for (int64_t i = 0; i + apart < all.count(); ++i) {
      i == 0 ? all.dot(i, i + apart, q) : all.slide(i, i + apart, q);
      const double distance = all.distance(i, i + apart, q);
      offer(i, i + apart, distance);
      offer(i + apart, i, distance);
    }
  }
  return profile;
}

class MotifPicker {
 public:
  MotifPicker(const Subsequences& all, const MatrixProfile& profile)
      : all_(all),
        profile_(profile),
        apart_(exclusion(profile.length)),
        taken_(profile.distance.size(), false) {}

  // nullopt where nothing is left.
  std::optional<Motif> next() {
    int64_t best = -1;
    for (int64_t i = 0; i < all_.count(); ++i) {
      const int64_t j = profile_.nearest[static_cast<size_t>(i)];
      if (j < 0 || taken_[static_cast<size_t>(i)] || taken_[static_cast<size_t>(j)]) continue;
      if (best < 0 ||
          profile_.distance[static_cast<size_t>(i)] < profile_.distance[static_cast<size_t>(best)])
        best = i;
    }
    if (best < 0) return std::nullopt;
    return around(best);
  }

 private:
  // The pair, and what else lies near its first.
  Motif around(int64_t first) {
    Motif motif;
    motif.distance = profile_.distance[static_cast<size_t>(first)];
    const int64_t partner = profile_.nearest[static_cast<size_t>(first)];
    take(motif, first, 0);
    take(motif, partner, motif.distance);
    std::vector<std::pair<double, int64_t>> near;
    std::vector<double> q(static_cast<size_t>(all_.dimensions()));
    for (int64_t i = 0; i < all_.count(); ++i) {
      if (taken_[static_cast<size_t>(i)]) continue;
      all_.dot(first, i, q);
      const double distance = all_.distance(first, i, q);
      if (distance <= kNeighbourRadius * motif.distance) near.emplace_back(distance, i);
    }
    std::sort(near.begin(), near.end());
    for (const auto& [distance, i] : near) {
      if (!taken_[static_cast<size_t>(i)]) take(motif, i, distance);
    }
    return motif;
  }
  void take(Motif& motif, int64_t i, double distance) {
    motif.occurrences.push_back({i, distance});
    const int64_t end = std::min(all_.count(), i + apart_);
    for (int64_t t = std::max<int64_t>(0, i - apart_ + 1); t < end; ++t)
      taken_[static_cast<size_t>(t)] = true;
  }

  const Subsequences& all_;
  const MatrixProfile& profile_;
  const int64_t apart_;
  std::vector<bool> taken_;
};

}  // namespace

Result<MatrixProfile> matrix_profile(const LatentSeries& series, int64_t length,
                                     const std::function<bool()>& is_cancelled) {
  TESSERA_TRY_VOID(check_length(series, length));
  return profile_of(Subsequences(series, length), length, is_cancelled);
}

Result<std::vector<Motif>> find_motifs(const LatentSeries& series, int64_t length, int64_t count,
                                       const std::function<bool()>& is_cancelled) {
  TESSERA_TRY_VOID(check_length(series, length));
  const Subsequences all(series, length);
  TESSERA_TRY(const MatrixProfile profile, profile_of(all, length, is_cancelled));
  std::vector<Motif> motifs;
  MotifPicker picker(all, profile);
  while (static_cast<int64_t>(motifs.size()) < count) {
    if (is_cancelled && is_cancelled()) return cancelled();
    auto motif = picker.next();
    if (!motif) break;
    motifs.push_back(std::move(*motif));
  }
  return motifs;
}

}  // namespace tessera
