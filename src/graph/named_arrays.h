// Which arrays of an .npz are which inputs of a network.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/npy.h"
#include "tessera/result.h"

namespace tessera {

struct NamedArrays {
  std::vector<NpyArray> arrays;         // in the order of the inputs
  std::vector<std::string> names;       // of these in the file
  std::vector<std::string> left_aside;  // arrays that are not read
};

// For one input: the array `chosen`, or where that is empty "calib_data", else the one that has the
// input's name, else the only one. For several: those that have their names, and no other. Errors:
// kInvalidArgument listing the arrays and the inputs; `choosing` is added to the hint where one
// array has to be chosen. Those of NpzFile.
Result<NamedArrays> read_named_arrays(const std::filesystem::path& path,
                                      std::span<const std::string> inputs,
                                      const std::string& chosen = "",
                                      const std::string& choosing = "");

}  // namespace tessera
