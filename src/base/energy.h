// Energy of signals and of their differences, and the ratio of two in decibels.
#pragma once

#include <span>
#include <vector>

namespace tessera {

using Outputs = std::vector<std::vector<float>>;  // by output of a graph

// Sums of squares, in float64 and in the order of the values.
double energy_of(std::span<const float> values);
double energy_of(const Outputs& outputs);
double error_between(const Outputs& a, const Outputs& b);  // energy of the difference

// 10 log10(signal / error): a signal-to-noise ratio; infinite without an error.
double ratio_db(double signal, double error);

}  // namespace tessera
