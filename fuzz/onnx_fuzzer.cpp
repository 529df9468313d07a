// Any bytes as an .onnx file: read, recognised, exported again.
#include <cstdint>

#include "model/onnx/import_onnx.h"
#include "tessera/compiler/export.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A folder that does not exist: no external data is read from disk.
  const tessera::SourceFile file{"/nonexistent/input.onnx", {data, size}};
  const auto model = tessera::import_onnx(file, {.length_samples = {}, .model_args = {}});
  if (model) (void)tessera::export_onnx(model->graph).has_value();
  return 0;
}
