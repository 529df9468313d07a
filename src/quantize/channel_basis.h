// The basis of a linear stream's channels in which 8 bits keep most.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "quantize/roles.h"
#include "tessera/compiler/rewrite.h"

namespace tessera::quantization {

// A value of the stream that convolutions read.
struct StreamValue {
  std::vector<float> frames;    // [frames, channels]: some of what it was on representative inputs
  std::vector<Matrix> readers;  // over all channels
};

struct BasisChoice {
  ChannelBasis basis;
  double gain_db = 0;  // expected, of the signal over what rounding the stream costs
};

// Rounding a channel to codes makes noise in proportion to its range; readers take it in proportion
// to their weights. With S the sum of x*x^T over values, each relative to its power, and G that of
// W^T*W over readers, each relative to the signal W*x, the error behind the readers is sum_c
// (M*S*M^T)_cc * (M^-T*G*M^-1)_cc for values M*x. Where channels nearly repeat each other, readers
// live on their small differences and the sum is large. M = H * D^1/4 * U^T * S^-1/2, with U*D*U^T
// = S^1/2*G*S^1/2 and H an orthogonal matrix whose rows share everything evenly, makes both
// diagonals even and the sum (tr D^1/2)^2 / n, its least (Cauchy-Schwarz). nullopt where that is
// not expected to be worth it.
std::optional<BasisChoice> choose_basis(int64_t channels, std::span<const StreamValue> values);

}  // namespace tessera::quantization
