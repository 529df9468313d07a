// export_onnx: a Graph out as an ONNX file that any ONNX consumer runs.
//
// Opset 17, IR version 8, static shapes, float32, every weight inside the file. Values are [1, C,
// W] where the whole graph has H = 1 (audio), else [1, C, H, W]. Inputs and outputs have that
// layout too ([1, 1, T] in, [1, sources, T] out for a separator) unless layouts are given. Norms
// are written with ReduceMean, CumSum or BatchNormalization, PReLU as PRelu. The same graph gives
// the same bytes, and importing the file gives the same graph.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tessera/file.h"
#include "tessera/graph.h"
#include "tessera/io_layout.h"
#include "tessera/result.h"

namespace tessera {

struct ExportOptions {
  // One per graph input and output, in order, as ImportedModel gives them; empty: plain layouts.
  std::vector<IoLayout> inputs;
  std::vector<IoLayout> outputs;
  // Written as metadata_props, e.g. "sample_rate" (which import reads back).
  std::map<std::string, std::string> metadata;
};

// Errors: kResourceLimit when the weights exceed what one file may hold (2 GB); kInvalidModel when
// a layout does not fit its value or the ONNX checker refuses the result.
Result<std::vector<uint8_t>> export_onnx(const Graph& graph, const ExportOptions& options = {});

// The same into a file, written atomically. Errors: also those of write_file_atomically.
Result<void> export_onnx(const Graph& graph, const std::filesystem::path& path,
                         const ExportOptions& options = {}, WriteOptions write = {});

}  // namespace tessera
