#include "model/onnx/checker.h"

#include <exception>

#include "model/onnx/proto.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Woverloaded-virtual"
#include <onnx/checker.h>
#pragma GCC diagnostic pop

namespace tessera::onnx_export {

Result<void> check_model(const onnx::ModelProto& model) {
  try {
    onnx::checker::check_model(model);
    return {};
  } catch (const std::exception& refusal) {
    return TESSERA_ERROR(kInvalidModel, "", refusal.what(),
                         "the exported file would be no valid ONNX: please report this");
  }
}

}  // namespace tessera::onnx_export
