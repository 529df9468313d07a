// Residual streams in the bases in which few bits keep most: cross-layer equalisation by whole
// matrices.
//
// Networks exist whose channels nearly repeat each other: what matters is their small differences,
// and 8 bits of each channel lose them. A stream that only convolutions over all channels and sums
// make and read may be written in any basis of its channels without changing an output.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tessera/backend.h"
#include "tessera/graph.h"
#include "tessera/result.h"
#include "tessera/rewrite.h"

namespace tessera {

struct StreamBasisChoice {
  std::string stream;  // name of its first value
  int64_t channels = 0;
  int64_t values = 0;  // that are written in the basis
  double gain_db = 0;  // expected, of the signal over what rounding the stream to codes costs
  StreamBasis basis;   // for RewriteParameters::stream_bases
};

// For every such stream of `legal` where another basis is expected to be worth it, from what its
// values are on at most 16 of the windows (each holds the values of the graph's inputs, one after
// the other), evenly spread. Errors: kInvalidArgument for no windows, one of another size, NaN in
// it, or nothing but silence; those of Backend::load() and Executable::run().
Result<std::vector<StreamBasisChoice>> choose_stream_bases(
    const Graph& legal, std::span<const std::vector<float>> windows, Backend& backend);

}  // namespace tessera
