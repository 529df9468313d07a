// Where a stage of a package parts from the stage before, value by value.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "bisect/fake_quantized.h"
#include "tessera/compiler/bisect.h"

namespace tessera {

struct BisectBackends {
  Backend& cpu;
  Backend& emulator;
};

// The values that fall most, first: rewritten against imported, cut against rewritten, integers
// against the same codes in float sums (`fake`). Empty for other stages.
Result<std::vector<ValueComparison>> largest_snr_drops(BisectPoint stage, const Graph& original,
                                                       const PackagedNetwork& package,
                                                       const std::optional<FakeQuantized>& fake,
                                                       const BisectBackends& backends,
                                                       std::span<const ConstValues> inputs);

}  // namespace tessera
