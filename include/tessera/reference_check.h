// Reference check: how far what a backend computed lies from the reference backend's results.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tessera/graph.h"
#include "tessera/result.h"

namespace tessera {

struct OutputDifference {
  double max_abs = 0;
  double peak = 0;  // of the reference's finite values
};

// `outputs` and `reference`: the values of every output. Errors, with `subject`: kMismatch beyond
// 1e-4 of the reference's peak (1e-7 for silence), or where a value is finite on one side only;
// kInvalidModel where it is finite on neither, which says nothing.
Result<OutputDifference> compare_outputs(std::span<const std::vector<float>> reference,
                                         std::span<const std::vector<float>> outputs,
                                         const std::string& subject);

// Evaluates `graph` on the reference backend, which is slow, and compares. `memory_limit_bytes` as
// in BackendOptions. Errors: those of Session and of compare_outputs().
Result<OutputDifference> compare_with_reference(const Graph& graph,
                                                std::span<const std::vector<float>> inputs,
                                                std::span<const std::vector<float>> outputs,
                                                const std::string& subject,
                                                int64_t memory_limit_bytes = 0);

}  // namespace tessera
