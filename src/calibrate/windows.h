// Windows: which to take, what is in them, how they lie in the inputs of a network.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// Each window holds the values of all inputs, one input after the other. Errors: kInvalidArgument
// for no windows, one of another size, NaN in it, or nothing but silence.
Result<void> check_windows(const Graph& legal, std::span<const std::vector<float>> windows);

// Of a window: the values of each input.
std::vector<ConstValues> inputs_of(const Graph& graph, std::span<const float> window);

// Whether all values are 0.
bool is_silent(std::span<const float> values);

// At most `most` of `count` indices, ascending, at equal distances as far as there are whole ones.
std::vector<size_t> evenly_spread(size_t count, size_t most);

}  // namespace tessera
