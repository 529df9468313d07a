// The ONNX project's own checker, which reports by exceptions.
#pragma once

#include "tessera/result.h"

namespace onnx {
class ModelProto;
}

namespace tessera::onnx_export {

// Errors: kInvalidModel with the checker's words.
Result<void> check_model(const onnx::ModelProto& model);

}  // namespace tessera::onnx_export
