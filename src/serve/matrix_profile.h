// Motifs: what recurs in a series of latents, found by the matrix profile.
//
// The distance of two subsequences of m latents is the mean over the D dimensions of their
// z-normalised Euclidean distances,
//   d(i, j) = 1/D sum_k sqrt(2 m (1 - r_k)),   r_k = (q_k - m mu_ik mu_jk) / (m sigma_ik sigma_jk),
// q_k the dot product of the two in dimension k: level and scale of a dimension do not matter, its
// course does. A dimension that is constant in both adds 0, in one of them sqrt(m). The profile
// P(i) is the distance to the nearest j with |i - j| >= ceil(m / 2), all pairs compared (Yeh et
// al., "Matrix Profile I", ICDM 2016; with all dimensions, "Matrix Profile VI", ICDM 2017). Motifs
// are the pairs of the smallest P, one after the other without overlap, and whatever else lies
// within twice that distance (Mueen et al., "Exact Discovery of Time Series Motifs", SDM 2009).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "serve/latent_series.h"
#include "tessera/result.h"

namespace tessera {

struct MatrixProfile {
  int64_t length = 0;            // m, in latents
  std::vector<double> distance;  // P(i); infinite where no j is far enough away
  std::vector<int64_t> nearest;  // that j; -1: none
};

// Time: count^2 / 2 times dimensions. Errors: kInvalidArgument for a length below 2, or beyond what
// leaves two subsequences that are far enough apart; kCancelled.
Result<MatrixProfile> matrix_profile(const LatentSeries& series, int64_t length,
                                     const std::function<bool()>& is_cancelled = {});

struct MotifOccurrence {
  int64_t latent = 0;   // where it begins
  double distance = 0;  // to the motif's first
};

struct Motif {
  double distance = 0;                       // of the pair
  std::vector<MotifOccurrence> occurrences;  // the pair first, then by distance
};

// At most `count` of them, nearest first; none overlaps another. Errors: those of matrix_profile().
Result<std::vector<Motif>> find_motifs(const LatentSeries& series, int64_t length, int64_t count,
                                       const std::function<bool()>& is_cancelled = {});

}  // namespace tessera
