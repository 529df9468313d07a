// The weights of an HN: arrays of an .npz, "<layer>/<parameter>:0".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/npz.h"
#include "tessera/result.h"

namespace tessera {

class HnWeights {
 public:
  explicit HnWeights(NpzFile file) : file_(std::move(file)) {}

  bool contains(const std::string& layer, const std::string& parameter) const;
  // Errors: kNotFound with the names that the layer does have; those of NpzFile::read.
  Result<NpyArray> read(const std::string& layer, const std::string& parameter) const;

 private:
  NpzFile file_;
};

}  // namespace tessera
