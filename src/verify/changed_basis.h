// What makes a value of one network the same value of another that writes it in another basis.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "tessera/compiler/graph.h"

namespace tessera {

// The pointwise convolution from `values` of `original`, channels one after the other, to the same
// values of `derived`; nullopt where both write them alike.
struct NamedValue {
  std::string name;
  int64_t channels = 0;
};
std::optional<Conv> basis_change(const Graph& original, const Graph& derived,
                                 std::span<const NamedValue> values);

}  // namespace tessera
