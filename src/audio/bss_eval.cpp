#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <unsupported/Eigen/FFT>

#include "audio/signal_pair.h"
#include "tessera/metrics.h"

namespace tessera {
namespace {

constexpr size_t kTransformSize = size_t{1} << 14;
constexpr size_t kTransformStep = kTransformSize - kBssFilterTaps;
// Added to the diagonal, relative to it: a band-limited reference leaves directions of almost no
// energy, where the solution would be rounding noise. It limits what can be told: 110 dB.
constexpr double kDiagonalLoad = 1e-12;
constexpr double kSmallestDistortion = 1e-11;

using Spectrum = std::vector<std::complex<double>>;

// Lags 0 to kBssFilterTaps-1 of the reference with itself and of the estimate behind the reference.
struct Correlations {
  Eigen::VectorXd with_itself = Eigen::VectorXd::Zero(kBssFilterTaps);
  Eigen::VectorXd with_estimate = Eigen::VectorXd::Zero(kBssFilterTaps);
};

// signal[begin, end) with zeros before and after it, transformed; it starts at `offset`.
Spectrum spectrum_of(Eigen::FFT<double>& fft, std::span<const float> signal, size_t begin,
                     size_t end, size_t offset) {
  std::vector<double> padded(kTransformSize, 0.0);
  std::copy(signal.begin() + static_cast<ptrdiff_t>(begin),
            signal.begin() + static_cast<ptrdiff_t>(end),
            padded.begin() + static_cast<ptrdiff_t>(offset));
  Spectrum spectrum;
  fft.fwd(spectrum, padded);
  return spectrum;
}

void add_lags(Eigen::FFT<double>& fft, const Spectrum& late, const Spectrum& early,
              Eigen::VectorXd& sum) {
  Spectrum product(late.size());
  for (size_t i = 0; i < late.size(); ++i) product[i] = late[i] * std::conj(early[i]);
  std::vector<double> lags;
  fft.inv(lags, product);
  sum += Eigen::Map<const Eigen::VectorXd>(lags.data(), kBssFilterTaps);
}

// Block by block, each with the samples of the reference before it that the lags reach.
Correlations correlate(std::span<const float> estimate, std::span<const float> reference) {
  Correlations result;
  Eigen::FFT<double> fft;
  for (size_t begin = 0; begin < reference.size(); begin += kTransformStep) {
    const size_t end = std::min(reference.size(), begin + kTransformStep);
    const size_t history = std::min<size_t>(begin, kBssFilterTaps);
    const Spectrum early =
        spectrum_of(fft, reference, begin - history, end, kBssFilterTaps - history);
    add_lags(fft, spectrum_of(fft, reference, begin, end, kBssFilterTaps), early,
             result.with_itself);
    add_lags(fft, spectrum_of(fft, estimate, begin, end, kBssFilterTaps), early,
             result.with_estimate);
  }
  return result;
}

// Energy of the estimate's projection onto all filters of the reference: b' R^-1 b with the
// Toeplitz matrix R.
double projected_energy(const Correlations& correlations) {
  Eigen::MatrixXd matrix(kBssFilterTaps, kBssFilterTaps);
  for (int i = 0; i < kBssFilterTaps; ++i) {
    for (int j = 0; j < kBssFilterTaps; ++j) {
      matrix(i, j) = correlations.with_itself(std::abs(i - j));
    }
    matrix(i, i) *= 1.0 + kDiagonalLoad;
  }
  const Eigen::VectorXd& right = correlations.with_estimate;
  return right.dot(matrix.ldlt().solve(right));
}

}  // namespace

Result<double> bss_sdr_db(std::span<const float> estimate, std::span<const float> reference) {
  TESSERA_TRY_VOID(check_signal_pair(estimate, reference));
  if (energy_of(reference, 0.0) == 0.0) return silent_reference_error();
  const double energy = energy_of(estimate, 0.0);
  if (energy == 0.0) return -std::numeric_limits<double>::infinity();
  const double target = std::clamp(projected_energy(correlate(estimate, reference)), 0.0, energy);
  const double distortion = energy - target;
  if (distortion < kSmallestDistortion * energy) return std::numeric_limits<double>::infinity();
  return 10.0 * std::log10(target / distortion);
}

}  // namespace tessera
