// Which nodes of a file its outputs need, and which names those read.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "model/onnx/proto.h"

namespace tessera::onnx_import {

// Functions and branches inside each other, at most.
inline constexpr int kMaxDepth = 16;

using ProtoNodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

// Nodes that `names` need, given that nodes are in order.
std::vector<const onnx::NodeProto*> needed_nodes(const ProtoNodes& nodes,
                                                 std::unordered_set<std::string> names);

// Names that the graph's outputs need, those of the outputs included.
std::unordered_set<std::string> names_read(const onnx::GraphProto& graph);

}  // namespace tessera::onnx_import
