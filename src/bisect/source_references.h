// What a separator's outputs are worth where the true sources are known.
#pragma once

#include <optional>
#include <vector>

#include "base/energy.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// One recording for each voice of the network, of its length. Errors:
// kInvalidArgument.
Result<void> check_references(const Graph& graph, const Outputs& references);
// Mean SI-SNR over the sources in the best order; nullopt without references.
Result<std::optional<double>> mean_si_snr_db(const Outputs& outputs, const Outputs& references);

}  // namespace tessera
