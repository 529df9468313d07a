// Layouts of a file's inputs and outputs, as exporters make them.
#pragma once

#include <cstdint>
#include <string>

#include "tessera/compiler/graph.h"

namespace tessera::test {

// The value's axes in any order, those of size 1 left out or not, one of them now and then split
// into two factors, factors now and then joined into one dimension, dimensions of 1 anywhere. The
// same seed gives the same layout on every machine.
IoLayout random_layout(const std::string& name, const Shape& shape, uint32_t seed);

}  // namespace tessera::test
