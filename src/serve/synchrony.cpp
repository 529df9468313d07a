#include "serve/synchrony.h"

#include <fmt/format.h>

#include <unsupported/Eigen/FFT>

#include <algorithm>
#include <cmath>
#include <complex>

namespace tessera {
namespace {

constexpr int kMaxIterations = 2000;

// [count, dimensions] in double, about the means.
class Centred {
 public:
  Centred(const LatentSeries& series, int64_t count)
      : dimensions_(series.dimensions), count_(count) {
    const auto begin = static_cast<size_t>((series.count() - count) * dimensions_);
    values_.assign(series.values.begin() + static_cast<ptrdiff_t>(begin), series.values.end());
    for (int64_t k = 0; k < dimensions_; ++k) {
      double sum = 0;
      double largest = 0;
      for (int64_t t = 0; t < count_; ++t) {
        sum += at(t, k);
        largest = std::max(largest, std::abs(at(t, k)));
      }
      const double mean = sum / static_cast<double>(count_);
      double squares = 0;
      for (int64_t t = 0; t < count_; ++t) {
        double& value = values_[static_cast<size_t>(t * dimensions_ + k)];
        value -= mean;
        squares += value * value;
      }
      varies_.push_back(std::sqrt(squares / static_cast<double>(count_)) >
                        kConstantShare * largest);
    }
  }
  double at(int64_t t, int64_t k) const {
    return values_[static_cast<size_t>(t * dimensions_ + k)];
  }
  bool varies(int64_t k) const { return varies_[static_cast<size_t>(k)]; }
  bool moves() const { return std::find(varies_.begin(), varies_.end(), true) != varies_.end(); }
  int64_t count() const { return count_; }
  int64_t dimensions() const { return dimensions_; }

  // sum_t x(t) <x(t), direction>, added to `out`.
  void add_covariance(const std::vector<double>& direction, std::vector<double>& out) const {
    const std::vector<double> scores = projected(direction);
    for (int64_t t = 0; t < count_; ++t) {
      for (int64_t k = 0; k < dimensions_; ++k)
        out[static_cast<size_t>(k)] += scores[static_cast<size_t>(t)] * at(t, k);
    }
  }
  std::vector<double> projected(const std::vector<double>& direction) const {
    std::vector<double> scores(static_cast<size_t>(count_), 0.0);
    for (int64_t t = 0; t < count_; ++t) {
      for (int64_t k = 0; k < dimensions_; ++k)
        scores[static_cast<size_t>(t)] += at(t, k) * direction[static_cast<size_t>(k)];
    }
    return scores;
  }

 private:
  const int64_t dimensions_;
  const int64_t count_;
  std::vector<double> values_;
  std::vector<bool> varies_;
};

// Of a(t) and b(t + lag) in one dimension; nullopt where one of them is constant over what they
// share.
std::optional<double> pearson(const Centred& a, const Centred& b, int64_t k, int64_t lag) {
  const int64_t begin = std::max<int64_t>(0, -lag);
  const int64_t end = a.count() - std::max<int64_t>(0, lag);
  const auto n = static_cast<double>(end - begin);
  double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;
  for (int64_t t = begin; t < end; ++t) {
    const double x = a.at(t, k);
    const double y = b.at(t + lag, k);
    sum_a += x;
    sum_b += y;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  const double variance_a = aa - sum_a * sum_a / n;
  const double variance_b = bb - sum_b * sum_b / n;
  if (variance_a <= 1e-14 * aa || variance_b <= 1e-14 * bb) return std::nullopt;
  return std::clamp((ab - sum_a * sum_b / n) / std::sqrt(variance_a * variance_b), -1.0, 1.0);
}

std::optional<double> correlation_at(const Centred& a, const Centred& b, int64_t lag) {
  double sum = 0;
  int64_t counted = 0;
  for (int64_t k = 0; k < a.dimensions(); ++k) {
    if (!a.varies(k) || !b.varies(k)) continue;
    const auto r = pearson(a, b, k, lag);
    if (!r) continue;
    sum += *r;
    ++counted;
  }
  if (counted == 0) return std::nullopt;
  return sum / static_cast<double>(counted);
}

double normalise(std::vector<double>& vector) {
  double squares = 0;
  for (double x : vector) squares += x * x;
  const double norm = std::sqrt(squares);
  for (double& x : vector) x /= norm;
  return norm;
}

// The first principal component of both together, by power iteration from the row of largest norm:
// never orthogonal to it by accident of an axis.
std::vector<double> first_component(const Centred& a, const Centred& b) {
  std::vector<double> direction(static_cast<size_t>(a.dimensions()), 0.0);
  double largest = -1;
  for (const Centred* one : {&a, &b}) {
    for (int64_t t = 0; t < one->count(); ++t) {
      double squares = 0;
      for (int64_t k = 0; k < one->dimensions(); ++k) squares += one->at(t, k) * one->at(t, k);
      if (squares <= largest) continue;
      largest = squares;
      for (int64_t k = 0; k < one->dimensions(); ++k)
        direction[static_cast<size_t>(k)] = one->at(t, k);
    }
  }
  normalise(direction);
  for (int i = 0; i < kMaxIterations; ++i) {
    std::vector<double> next(direction.size(), 0.0);
    a.add_covariance(direction, next);
    b.add_covariance(direction, next);
    normalise(next);
    double change = 0;
    for (size_t k = 0; k < next.size(); ++k)
      change = std::max(change, std::abs(next[k] - direction[k]));
    direction = std::move(next);
    if (change < 1e-13) break;
  }
  return direction;
}

// Phases of the analytic signal: the spectrum with the negative frequencies left out.
std::vector<std::complex<double>> analytic(const std::vector<double>& signal) {
  Eigen::FFT<double> fft;
  std::vector<std::complex<double>> spectrum;
  std::vector<std::complex<double>> input(signal.begin(), signal.end());
  fft.fwd(spectrum, input);
  const size_t n = spectrum.size();
  for (size_t f = 1; f < n; ++f) {
    if (2 * f < n)
      spectrum[f] *= 2.0;
    else if (2 * f > n)
      spectrum[f] = 0;
  }
  std::vector<std::complex<double>> result;
  fft.inv(result, spectrum);
  return result;
}

void add_phases(const Centred& a, const Centred& b, Synchrony& found) {
  if (!a.moves() || !b.moves()) return;
  const std::vector<double> direction = first_component(a, b);
  const auto of_a = analytic(a.projected(direction));
  const auto of_b = analytic(b.projected(direction));
  std::complex<double> sum = 0;
  int64_t counted = 0;
  for (size_t t = 0; t < of_a.size(); ++t) {
    const std::complex<double> product = of_a[t] * std::conj(of_b[t]);
    if (std::abs(product) == 0) continue;  // without amplitude there is no phase
    sum += product / std::abs(product);
    ++counted;
  }
  if (counted == 0) return;
  sum /= static_cast<double>(counted);
  found.phase_locking = std::abs(sum);
  found.phase_difference = std::arg(sum);
}

}  // namespace

Result<Synchrony> synchrony(const LatentSeries& a, const LatentSeries& b, int64_t max_lag,
                            const std::function<bool()>& is_cancelled) {
  if (a.dimensions != b.dimensions) {
    return TESSERA_ERROR(
        kInvalidArgument, "with",
        fmt::format("has latents of {} values, the other of {}", b.dimensions, a.dimensions),
        "compare sessions of one model");
  }
  Synchrony found;
  found.count = std::min(a.count(), b.count());
  found.max_lag = max_lag;
  if (found.count < kMinSynchronyLatents) {
    return TESSERA_ERROR(
        kInvalidArgument, "session_id",
        fmt::format("has {} latents; synchrony needs {}", found.count, kMinSynchronyLatents),
        "stream more");
  }
  if (max_lag < 0 || 2 * max_lag > found.count) {
    return TESSERA_ERROR(kInvalidArgument, "max_lag",
                         fmt::format("is {}; of {} latents it may be 0 to {}", max_lag, found.count,
                                     found.count / 2),
                         "give a smaller one, or stream more");
  }
  const Centred centred_a(a, found.count);
  const Centred centred_b(b, found.count);
  for (int64_t lag = -max_lag; lag <= max_lag; ++lag) {
    if (is_cancelled && is_cancelled()) return TESSERA_ERROR(kCancelled, "", "stopped", "");
    found.correlation.push_back(correlation_at(centred_a, centred_b, lag));
    const auto& r = found.correlation.back();
    const bool is_better =
        r && (!found.best_correlation || *r > *found.best_correlation ||
              (*r == *found.best_correlation && std::abs(lag) < std::abs(found.best_lag)));
    if (!is_better) continue;
    found.best_correlation = r;
    found.best_lag = lag;
  }
  add_phases(centred_a, centred_b, found);
  return found;
}

}  // namespace tessera
