// What a drawing or table says about one node: words, attributes, colour.
#pragma once

#include <string>
#include <string_view>

#include "tessera/compiler/graph.h"

namespace tessera {

struct NodeCaption {
  std::string title;    // "depthwise conv 3, dilation 4"
  std::string details;  // "512 -> 128, 65 664 parameters"; may be empty
};
NodeCaption caption_of(const Graph& graph, NodeId id);

// Kinds of node that a drawing tells apart, in the legend's order.
enum class NodeFamily {
  border,
  convolution,
  depthwise,
  transposed,
  norm,
  activation,
  arithmetic,
  shaping
};
inline constexpr int kNodeFamilies = 8;
NodeFamily family_of(const Op& op);
std::string_view family_name(NodeFamily family);
std::string_view family_colour(NodeFamily family);  // "#rrggbb"

// Trained scalars of the node; running statistics of batch norms are not trained.
int64_t parameter_count(const Op& op);

}  // namespace tessera
