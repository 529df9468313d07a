// Reader: an ONNX graph evaluated symbolically, node by node, into a Graph at stage importing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/onnx/model_file.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera::onnx_import {

struct ReadResult {
  Graph graph;
  std::vector<IoLayout> inputs;
  std::vector<IoLayout> outputs;
  std::vector<std::string> unread_inputs;  // declared, read by no node that an output needs
  std::vector<std::string> notes;
  // The input whose length the network's is: the first whose time the file leaves open, else the
  // first of all.
  size_t leading_input = 0;
  bool length_is_fixed = false;  // no input's time is open
};

struct ReadOptions {
  std::optional<int64_t> length;    // of the leading input; nothing: what the file says
  int64_t default_length = 32'000;  // where the file leaves it open
};

// Inputs that nothing reads are left out of the graph, and noted.
// Tries the layouts that the inputs' ranks allow ([1, C, T], then [1, T, C], ...), those of several
// inputs in every combination, until one reads.
// Errors: those of the op readers; kInvalidArgument when the file fixes another length.
Result<ReadResult> read_graph(ModelFile& file, const ReadOptions& options);

}  // namespace tessera::onnx_import
