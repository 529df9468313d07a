// Which dims of a model's inputs are channels, devices and time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/onnx/reader.h"
#include "model/onnx/view.h"

namespace onnx {
class ValueInfoProto;
}

namespace tessera::onnx_import {

struct InputLayout {
  Shape shape;
  View view;
  std::vector<std::string> notes;  // what was assumed for open dims
  bool open_length = false;        // the file leaves the time dimension open
  std::optional<Error> refusal;    // why the length asked for is not that of its time dimension
};

// Layouts worth trying, most likely first, those that contradict the length asked for included.
// Errors: kInvalidArgument for a length below 1, kUnsupported for ranks and batches Tessera does
// not take.
Result<std::vector<InputLayout>> input_layouts(const onnx::ValueInfoProto& info,
                                               const ReadOptions& options);

}  // namespace tessera::onnx_import
