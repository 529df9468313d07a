// Reader: an ONNX graph evaluated symbolically, node by node, into a Graph at stage importing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/onnx/model_file.h"
#include "tessera/graph.h"
#include "tessera/io_layout.h"
#include "tessera/result.h"

namespace tessera::onnx_import {

struct ReadResult {
  Graph graph;
  std::vector<IoLayout> inputs;
  std::vector<IoLayout> outputs;
  int64_t length = 0;  // elements of time of the input that a length asked for is for
  std::vector<std::string> notes;
};

struct ReadOptions {
  std::optional<int64_t> length;    // elements of time; nothing: what the file says
  int64_t default_length = 32'000;  // where the file leaves it open
};

// Tries the layouts that the inputs' ranks allow ([1, C, T], then [1, T, C], ...), those of several
// inputs in every combination, until one reads.
// Errors: those of the op readers; kInvalidArgument when the file fixes another length.
Result<ReadResult> read_graph(ModelFile& file, const ReadOptions& options);

}  // namespace tessera::onnx_import
