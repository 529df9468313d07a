// How far a network's outputs are off, and what that is worth.
#pragma once

#include <optional>
#include <vector>

#include "tessera/graph.h"
#include "tessera/result.h"

namespace tessera {

using Outputs = std::vector<std::vector<float>>;  // by output of a graph

double energy_of(const Outputs& outputs);
double error_between(const Outputs& a, const Outputs& b);  // energy of the difference
// In dB; infinite without an error.
double ratio_db(double signal, double error);

// One recording for each source of the network's one output, of its length. Errors:
// kInvalidArgument.
Result<void> check_references(const Graph& graph, const Outputs& references);
// Mean SI-SNR over the sources in the best order; nullopt without references.
Result<std::optional<double>> mean_si_snr_db(const Outputs& outputs, const Outputs& references);

}  // namespace tessera
