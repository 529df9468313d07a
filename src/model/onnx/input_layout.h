// Which dims of a model's inputs are channels, devices and time.
#pragma once

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
  bool open_time = false;          // the file says no length
  std::vector<std::string> notes;  // what was assumed for open dims
};

// Layouts worth trying, most likely first. Errors: kInvalidArgument for a length that contradicts
// the file, kUnsupported for ranks and batches Tessera does not take.
Result<std::vector<InputLayout>> input_layouts(const onnx::ValueInfoProto& info,
                                               const ReadOptions& options);

}  // namespace tessera::onnx_import
