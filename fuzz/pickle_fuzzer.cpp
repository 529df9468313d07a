// Any bytes as the pickle inside a checkpoint, without the zip's checksums in the way.
#include <cstdint>

#include "model/torch/checkpoint_facts.h"
#include "model/torch/state_dict_finder.h"
#include "model/torch/unpickler.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto document = tessera::Unpickler::read({data, size});
  if (!document) return 0;
  const auto found = tessera::find_state_dict(*document);
  if (!found) return 0;
  tessera::Checkpoint checkpoint;
  tessera::collect_facts(*document, *found, checkpoint);
  return 0;
}
