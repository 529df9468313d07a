// Any bytes as a .safetensors file, up to the network's graph, and as the JSON configuration beside
// one.
#include <cstdint>

#include "model/torch/import_checkpoint.h"
#include "model/torch/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A folder that does not exist: no configuration is read from disk.
  const tessera::SourceFile file{"/nonexistent/input.safetensors", {data, size}};
  (void)tessera::import_safetensors(file, {.length_samples = 400, .model_args = {}}).has_value();
  tessera::Checkpoint checkpoint;
  (void)tessera::add_json_config(file.bytes, "config.json", checkpoint).has_value();
  return 0;
}
