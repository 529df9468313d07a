// How far a network's outputs are off.
#pragma once

#include <vector>

namespace tessera {

using Outputs = std::vector<std::vector<float>>;  // by output of a graph

double energy_of(const Outputs& outputs);
double error_between(const Outputs& a, const Outputs& b);  // energy of the difference
// In dB; infinite without an error.
double ratio_db(double signal, double error);

}  // namespace tessera
