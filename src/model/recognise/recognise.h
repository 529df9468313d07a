// Recognisers turn what exporters wrote into what the network's author wrote: norms out of
// reductions, PReLU out of minima and maxima, convolution padding out of pads and slices. They go
// by structure, never by node names, and change no value beyond float rounding.
#pragma once

#include <span>
#include <string_view>

#include "tessera/compiler/graph.h"

namespace tessera {

// Makes all changes of its kind that it finds; the editor counts them.
struct Recogniser {
  std::string_view name;
  Result<void> (*apply)(GraphEditor& editor);
};

// In the order they are tried, each with its reason in recognise.cpp.
std::span<const Recogniser> recognisers();

// Applies all recognisers until none finds anything, removing what becomes unused.
Result<void> recognise(Graph& graph);

// One file each.
Result<void> recognise_affine(GraphEditor& editor);
Result<void> recognise_activation(GraphEditor& editor);
Result<void> recognise_prelu(GraphEditor& editor);
Result<void> recognise_norm(GraphEditor& editor);
Result<void> recognise_pool(GraphEditor& editor);
Result<void> recognise_parts(GraphEditor& editor);
Result<void> recognise_overlap_add(GraphEditor& editor);
Result<void> recognise_padding(GraphEditor& editor);
Result<void> recognise_sources(GraphEditor& editor);

}  // namespace tessera
