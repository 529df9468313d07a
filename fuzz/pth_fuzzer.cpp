// Any bytes as a torch checkpoint: zip, pickle, tensors, and the network's graph. Must end in a
// value or an error.
#include <cstdint>

#include "model/torch/import_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tessera::SourceFile file{"input.pth", {data, size}};
  if (!tessera::recognises_torch(file)) return 0;
  (void)tessera::import_torch(file, {.length_samples = 400, .model_args = {}}).has_value();
  return 0;
}
