// How good a separation is: SI-SNR, SNR and BSS-eval SDR per source, the best assignment of
// estimates to references, and the improvement over the mixture. All in dB, computed in double
// precision.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera {

// All three take an estimate and its reference of equal length and share their answers in the
// corners:
//   - other lengths are kMismatch; no samples, NaN or infinite ones kInvalidArgument;
//   - a silent reference (for si_snr_db also a constant one) has no ratio: kInvalidArgument;
//   - a silent estimate is -infinity, except for snr_db, where it is 0 dB by definition;
//   - an exact estimate is +infinity, unless rounding keeps si_snr_db from seeing it (then > 100
//   dB).

// Scale-invariant signal-to-noise ratio with zero mean:
//   s' = (<e,s>/<s,s>) s,  10 log10(|s'|^2 / |e - s'|^2),  e and s after subtracting their means.
// Luo, Mesgarani: "Conv-TasNet", IEEE/ACM TASLP 2019, section II-D; Asteroid's "sisdr"
// losses are the same up to their epsilon.
Result<double> si_snr_db(std::span<const float> estimate, std::span<const float> reference);

// Plain signal-to-noise ratio, 10 log10(|s|^2 / |s - e|^2): the scale counts, the mean stays.
// Le Roux et al.: "SDR - half-baked or well done?", ICASSP 2019, equation 1.
Result<double> snr_db(std::span<const float> estimate, std::span<const float> reference);

// Signal-to-distortion ratio of BSS-eval version 3: any 512-tap filter of the reference counts as
// target, the mean stays; beyond 110 dB +infinity. Vincent, Gribonval, Fevotte: "Performance
// measurement in blind audio source separation", IEEE TASLP 2006; the "SDR" of
// mir_eval.separation.bss_eval_sources and of fast-bss-eval.
Result<double> bss_sdr_db(std::span<const float> estimate, std::span<const float> reference);

inline constexpr int kBssFilterTaps = 512;
inline constexpr int kMaxScoredSources = 8;

struct SourceScore {
  int estimate = 0;  // which estimate was assigned to this reference, from 0
  double si_snr_db = 0.0;
  double sdr_db = 0.0;  // bss_sdr_db
  double snr_db = 0.0;
  // Over what the mixture itself scores against this reference; absent without a mixture.
  std::optional<double> si_snr_improvement_db;
  std::optional<double> sdr_improvement_db;
};

struct SeparationScore {
  std::vector<SourceScore> sources;  // one per reference, in the references' order
  double mean_si_snr_db = 0.0;
  double mean_sdr_db = 0.0;
  double mean_snr_db = 0.0;
  std::optional<double> mean_si_snr_improvement_db;
  std::optional<double> mean_sdr_improvement_db;
};

// Assigns estimates to references so that the mean SI-SNR is largest (ties: the smallest
// permutation in dictionary order) and scores them. An empty `mixture` means none. All signals have
// equal length. Means are NaN where infinities of both signs meet. Errors: kMismatch if there are
// not as many estimates as references; kResourceLimit beyond kMaxScoredSources; those of the
// metrics, naming the source; kInvalidArgument for a silent mixture.
Result<SeparationScore> score_separation(std::span<const std::vector<float>> estimates,
                                         std::span<const std::vector<float>> references,
                                         std::span<const float> mixture = {});

// For each row the column that makes the sum largest, each column once (exact). `gain` is square,
// row-major; infinities are allowed, NaN is not (a bug).
std::vector<int> best_assignment(std::span<const double> gain, int size);

// Asteroid's output scaling: every source times sum|mixture| / sum|all sources|, one factor for
// all. Returns the factor; silent sources are left alone (factor 1).
double rescale_to_mixture(std::span<std::vector<float>> sources, std::span<const float> mixture);

// Mixtures: recordings whose sources are known, to score a separator on.

struct Mixture {
  std::string name;
  std::vector<float> mix;
  std::vector<std::vector<float>> sources;  // each as long as the mix
  std::vector<std::string> notes;           // what was done to its recordings
};

struct MixtureOptions {
  int sample_rate = 0;           // Hz: others are resampled; 0: as they are
  bool allow_truncated = false;  // as AudioReadOptions has it
};

// A folder's NAME_mix.wav with NAME_s1.wav .. NAME_s<n>.wav beside it (or other sound files, see
// has_recording_name), in order of their names. Several channels are mixed. Errors: kNotFound where
// there is no mixture or a source of one is missing; kMismatch for a source of another length;
// those of read_audio() and to_mono_input().
Result<std::vector<Mixture>> read_mixtures(const std::filesystem::path& folder, int n_src,
                                           const MixtureOptions& options = {});

}  // namespace tessera
