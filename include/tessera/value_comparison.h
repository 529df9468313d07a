// Comparison of two networks value by value: a model and its package, two packages, two exports of
// one network. How much of each value's signal is left over the difference, from the input to the
// outputs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tessera/backend.h"
#include "tessera/encodings.h"
#include "tessera/graph.h"
#include "tessera/result.h"
#include "tessera/verify.h"

namespace tessera {

// A network and what evaluates it: an imported graph, or a package's plan.graph with its encodings.
// Everything outlives the comparison.
struct ComparedNetwork {
  const Graph& graph;
  Backend& backend;
  const Encodings* encodings = nullptr;
};

// A value that both have.
struct ValueComparison {
  std::string name;   // in A
  std::string value;  // in B
  std::string op;     // of A's node
  std::string how;    // what is compared where it is not the value itself: "channels 0..63"
  std::vector<std::string> roles;  // see conv_tasnet_roles()
  std::string coding;              // how the second writes it: "float", "u8", "u16", "i16", ...
  bool statistics = false;         // the numbers that stand for a norm, not its value
  Shape shape;
  ValueDifference difference;  // signal: A's; snr_db is the SQNR where B is quantised
  double cosine = 0;           // of the angle between both; 1 for two silent values
  // Below the least SNR of the nearest compared values it is made of, both at most kExactDb; 0 or
  // more.
  double fall_db = 0;
};

// SNR from which rounding of floats is all there is.
inline constexpr double kExactDb = 120.0;

struct ComparisonReport {
  std::string matched_by;                // "name", "structure" or "role"
  std::vector<ValueComparison> values;   // in the order of B
  std::vector<ValueComparison> outputs;  // by position
  std::vector<NotCompared> a_only;       // values without a counterpart, and why
  std::vector<NotCompared> b_only;
  std::vector<std::vector<float>> a_outputs;
  std::vector<std::vector<float>> b_outputs;

  // Indices into `values`, least SNR first.
  std::vector<size_t> worst_first() const;
};

struct ComparisonOptions {
  // Values held at once, of both networks; beyond it they are evaluated several times.
  int64_t memory_bytes = int64_t{1} << 30;
};

// cos of the angle between two equally long lists.
double cosine_similarity(ConstValues a, ConstValues b);

// Evaluates both on `inputs` (Graph::inputs() of either). Which value is which is known from names
// and from what rewriting makes of a node; between two imported graphs also from their structure,
// or from the roles of a Conv-TasNet. The numbers themselves never decide. Errors: kMismatch where
// inputs or outputs differ in number or size; kInvalidArgument for silent inputs; those of Session.
Result<ComparisonReport> compare_values(const ComparedNetwork& a, const ComparedNetwork& b,
                                        std::span<const ConstValues> inputs,
                                        const ComparisonOptions& options = {});

}  // namespace tessera
