// StorageReader: from a PickleTensor to float32 values, through the bytes of its storage.
#pragma once

#include <cstdint>

#include "model/torch/pickle_value.h"
#include "model/torch/storage_source.h"
#include "tessera/compiler/tensor.h"
#include "tessera/result.h"

namespace tessera {

class StorageReader {
 public:
  // `storages` must outlive this.
  StorageReader(StorageSource& storages, bool big_endian, int64_t element_limit)
      : storages_(storages), big_endian_(big_endian), elements_left_(element_limit) {}

  struct Decoded {
    ElementType type;
    Tensor tensor;  // absent when a dimension is 0
  };
  // Errors: kCorrupt (missing or short storage), kInvalidModel (view outside its storage),
  // kUnsupported (quantised, complex, float8), kResourceLimit (all tensors together exceed the
  // element limit).
  Result<Decoded> decode(const PickleDocument& document, const PickleTensor& tensor);

 private:
  StorageSource& storages_;
  bool big_endian_;
  int64_t elements_left_;
};

}  // namespace tessera
