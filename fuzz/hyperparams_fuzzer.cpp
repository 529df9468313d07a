// Any bytes as the hyperparameters beside SpeechBrain's checkpoints, and as what may be found in
// place of a network. Must end in a value or an error.
#include <cstdint>

#include "model/foreign_file.h"
#include "model/torch/hyperparams.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)tessera::name_foreign_file({data, size}).has_value();
  (void)tessera::read_hyperparams({data, size}, "hyperparams.yaml").has_value();
  return 0;
}
