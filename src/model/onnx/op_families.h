// Every operation that the ONNX reader knows: the one list from which files are read and
// docs/onnx.md is written.
#pragma once

#include <span>
#include <string_view>

#include "model/onnx/op_context.h"

namespace tessera::onnx_import {

// An entry without `read` belongs to the reader itself.
struct OpFamily {
  std::string_view title;
  std::span<const OpEntry> ops;
};
std::span<const OpFamily> op_families();

}  // namespace tessera::onnx_import
