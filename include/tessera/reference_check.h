// Reference check: how far what a backend computed lies from what plain loops compute.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tessera/backend.h"
#include "tessera/encodings.h"
#include "tessera/graph.h"
#include "tessera/plan.h"
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

// In integers: plays `plan` on `backend` and compares every code at every border, as check_codes()
// does. Returns how many codes. Errors: those of check_codes(); kMismatch, with `subject`, where
// one code differs.
Result<int64_t> compare_codes_with_reference(const Plan& plan, const Encodings& encodings,
                                             Backend& backend,
                                             std::span<const std::vector<float>> inputs,
                                             const std::string& subject);

}  // namespace tessera
