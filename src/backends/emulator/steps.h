// What the emulator can do with values.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "backends/emulator/program.h"

namespace tessera::emulator {

// Floats to codes.
std::unique_ptr<Step> quantize_step(const Value& src, const Value& dst);

// A convolution with integer weights of codes, or of floats that it quantises for itself; dst may
// be codes or floats.
std::unique_ptr<Step> conv_step(Conv op, IntegerWeights weights, const Value& src,
                                const Value& dst);

// An element-by-element function of codes of 8 bits: tabulated when loaded.
std::unique_ptr<Step> table_step(const Op& op, const Value& src, const Value& dst);

// Statistics of codes, exact.
std::unique_ptr<Step> statistics_step(NormStatistics op, const Value& src, const Value& dst);

// Moves codes: Slice, and Pad with the code of zero.
std::unique_ptr<Step> slice_step(Slice op, const Value& src, const Value& dst);
std::unique_ptr<Step> pad_step(Pad op, const Value& src, const Value& dst);

// Any op in float: operands dequantised before, the result quantised after.
std::unique_ptr<Step> float_step(Op op, std::vector<const Value*> operands, const Value& dst);

}  // namespace tessera::emulator
