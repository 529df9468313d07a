#include "quantize/channel_basis.h"

#include <Eigen/Dense>
#include <Eigen/Eigenvalues>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

namespace tessera::quantization {
namespace {

// Below this nothing changes: the noise of the stream is only part of all noise.
constexpr double kMinGainDb = 3;
// Of the mean: directions of less power, or less use, are taken as if they had this much. It keeps
// the matrix well conditioned.
constexpr double kMinPower = 1e-5;
constexpr double kMinUse = 1e-3;

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// [frames, channels]
MatrixXd frames_of(const StreamValue& value, int64_t channels) {
  using Frames = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Frames>(value.frames.data(),
                                  static_cast<int64_t>(value.frames.size()) / channels, channels)
      .cast<double>();
}

// Sum over a reader's outputs and taps of w*w^T, [channels, channels].
MatrixXd gram(const Matrix& reader) {
  const int64_t taps = reader.taps();
  MatrixXd weights(reader.outputs() * taps, reader.inputs());
  for (int64_t o = 0; o < reader.outputs(); ++o) {
    for (int64_t i = 0; i < reader.inputs(); ++i) {
      for (int64_t t = 0; t < taps; ++t)
        weights(o * taps + t, i) =
            static_cast<double>((*reader.weight)[(o * reader.inputs() + i) * taps + t]);
    }
  }
  return weights.transpose() * weights;
}

struct Stream {
  std::vector<MatrixXd> frames;  // by value
  MatrixXd power;                // S: [channels, channels]
  MatrixXd use;                  // G
};

// nullopt where nothing is read or everything is silent.
std::optional<Stream> measure(int64_t channels, std::span<const StreamValue> values) {
  Stream stream;
  stream.power = stream.use = MatrixXd::Zero(channels, channels);
  for (const StreamValue& value : values) {
    MatrixXd frames = frames_of(value, channels);
    if (frames.rows() == 0 || !frames.allFinite()) continue;
    const MatrixXd power = frames.transpose() * frames / static_cast<double>(frames.rows());
    for (const Matrix& reader : value.readers) {
      const MatrixXd weights = gram(reader);
      const double signal = weights.cwiseProduct(power).sum();
      if (!(signal > 0) || !std::isfinite(signal)) continue;
      stream.use += weights / signal;
      stream.power += power / power.trace();
    }
    stream.frames.push_back(std::move(frames));
  }
  if (stream.power.trace() > 0) return stream;
  return std::nullopt;
}

// An orthogonal matrix of entries of about equal size: Sylvester's Hadamard matrix for powers of
// two, the discrete Hartley transform for all others.
MatrixXd even_rotation(int64_t n) {
  MatrixXd matrix(n, n);
  const double scale = 1 / std::sqrt(static_cast<double>(n));
  const bool power_of_two = std::has_single_bit(static_cast<uint64_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      if (power_of_two) {
        matrix(i, j) = std::popcount(static_cast<uint64_t>(i & j)) % 2 == 0 ? scale : -scale;
      } else {
        const double angle =
            2 * std::numbers::pi * static_cast<double>(i * j % n) / static_cast<double>(n);
        matrix(i, j) = (std::cos(angle) + std::sin(angle)) * scale;
      }
    }
  }
  return matrix;
}

struct MatrixPair {
  MatrixXd matrix;
  MatrixXd inverse;
};

MatrixPair best_basis(const Stream& stream) {
  const int64_t n = stream.power.rows();
  const double mean_power = stream.power.trace() / static_cast<double>(n);
  const Eigen::SelfAdjointEigenSolver<MatrixXd> power(stream.power);
  const VectorXd root =
      (power.eigenvalues().cwiseMax(0).array() + kMinPower * mean_power).sqrt().matrix();
  const MatrixXd& axes = power.eigenvectors();
  const MatrixXd half = axes * root.asDiagonal() * axes.transpose();
  const MatrixXd inverse_half = axes * root.cwiseInverse().asDiagonal() * axes.transpose();
  const Eigen::SelfAdjointEigenSolver<MatrixXd> use(half * stream.use * half);
  const double mean_use = use.eigenvalues().sum() / static_cast<double>(n);
  const VectorXd spread =
      (use.eigenvalues().cwiseMax(0).array() / mean_use + kMinUse).sqrt().sqrt().matrix();
  const MatrixXd rotation = even_rotation(n);
  return {rotation * spread.asDiagonal() * use.eigenvectors().transpose() * inverse_half,
          half * use.eigenvectors() * spread.cwiseInverse().asDiagonal() * rotation.transpose()};
}

// The least expected error behind the readers, relative to the signal, of all proportions that
// channels' scales may have in common (see common_proportions()).
double expected_error(const Stream& stream, const MatrixPair& basis) {
  const VectorXd use = (basis.inverse.transpose() * stream.use * basis.inverse).diagonal();
  std::vector<VectorXd> peaks;
  VectorXd needed = VectorXd::Zero(use.size());
  for (const MatrixXd& frames : stream.frames) {
    peaks.emplace_back((frames * basis.matrix.transpose()).cwiseAbs().colwise().maxCoeff());
    needed += peaks.back().cwiseAbs2() / std::max(peaks.back().squaredNorm(), 1e-300);
  }
  constexpr std::array<double, 5> kTriedPowers{1, 0.75, 0.5, 0.25, 0};
  constexpr std::array<double, 3> kUsePowers{0, 0.5, 1};
  constexpr double kTiny = 1e-300;
  double least = std::numeric_limits<double>::infinity();
  for (double range_power : kTriedPowers) {
    for (double use_power : kUsePowers) {
      const Eigen::ArrayXd proportions = (needed.array() + kTiny).pow(range_power / 2) /
                                         (use.array().max(0) + kTiny).pow(use_power / 2);
      double error = 0;
      for (const VectorXd& peak : peaks) {
        const double step = (peak.array() / proportions).maxCoeff() / 127;
        error += step * step / 12 * (proportions.square() * use.array()).sum();
      }
      if (error < least) least = error;
    }
  }
  return least;
}

std::vector<double> row_major(const MatrixXd& matrix) {
  std::vector<double> values(static_cast<size_t>(matrix.size()));
  Eigen::Map<RowMajor>(values.data(), matrix.rows(), matrix.cols()) = matrix;
  return values;
}

}  // namespace

std::optional<BasisChoice> choose_basis(int64_t channels, std::span<const StreamValue> values) {
  const std::optional<Stream> stream = measure(channels, values);
  if (!stream) return std::nullopt;
  const MatrixPair basis = best_basis(*stream);
  if (!basis.matrix.allFinite() || !basis.inverse.allFinite()) return std::nullopt;
  const MatrixXd none = MatrixXd::Identity(channels, channels);
  const double gain_db =
      10 * std::log10(expected_error(*stream, {none, none}) / expected_error(*stream, basis));
  if (!(gain_db >= kMinGainDb)) return std::nullopt;
  return BasisChoice{{row_major(basis.matrix), row_major(basis.inverse)}, gain_db};
}

}  // namespace tessera::quantization
