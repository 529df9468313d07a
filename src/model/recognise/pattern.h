// Questions recognisers ask about a graph.
#pragma once

#include <optional>

#include "graph/queries.h"
#include "tessera/compiler/graph.h"

namespace tessera {

// The value all elements share, if they do.
std::optional<float> uniform(const Tensor& tensor);

bool all_equal(const Tensor& tensor, float value);

const Unary* unary_of(const Graph& graph, NodeId id, UnaryKind kind);

// First operand.
NodeId operand(const Graph& graph, NodeId id);

// scale*x of the same scale for every channel and no bias.
std::optional<double> plain_scale(const Graph& graph, NodeId id);

int64_t axis_size(const Shape& shape, Axis axis);

}  // namespace tessera
