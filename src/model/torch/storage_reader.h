// StorageReader: from a PickleTensor to float32 values, through the data/<key> files of a torch
// zip.
#pragma once

#include <map>
#include <string>

#include "base/zip_archive.h"
#include "model/torch/pickle_value.h"
#include "tessera/result.h"
#include "tessera/tensor.h"

namespace tessera {

class StorageReader {
 public:
  // `folder` is the archive's top folder with its slash ("archive/", or empty). All references must
  // outlive this.
  StorageReader(const ZipArchive& archive, std::string folder, bool big_endian,
                int64_t element_limit);

  struct Decoded {
    ElementType type;
    Tensor tensor;  // absent when a dimension is 0
  };
  // Errors: kCorrupt (missing or short storage), kInvalidModel (view outside its storage),
  // kUnsupported (quantised, complex, float8), kResourceLimit (all tensors together exceed the
  // element limit).
  Result<Decoded> decode(const PickleDocument& document, const PickleTensor& tensor);

  // Checksums of the storages read so far.
  int checksums_right() const { return checksums_right_; }
  int checksums_wrong() const { return checksums_wrong_; }

 private:
  Result<const ZipBytes*> storage_bytes(const std::string& key);

  const ZipArchive& archive_;
  std::string folder_;
  bool big_endian_;
  int64_t elements_left_;
  int checksums_right_ = 0;
  int checksums_wrong_ = 0;
  std::map<std::string, ZipBytes> storages_;
};

}  // namespace tessera
