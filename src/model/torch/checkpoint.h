// Checkpoint: what a file of weights holds, whatever its format: named float32 tensors and the
// arguments the network was made with. Readers: torch_checkpoint.h (.pth, .pt, .bin, .ckpt) and
// safetensors.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/torch/element_type.h"
#include "tessera/compiler/tensor.h"
#include "tessera/result.h"

namespace tessera {

// A value of a model argument: None, bool, int, float or text.
using ArgValue = std::variant<std::monostate, bool, int64_t, double, std::string>;
std::string to_string(const ArgValue& value);  // as Python prints it: None, True, 16, 'relu'

struct NamedTensor {
  std::string name;
  ElementType type = ElementType::float32;  // as stored
  std::vector<int64_t> dims;
  Tensor tensor;  // float32; absent when a dimension is 0
};

struct Checkpoint {
  std::vector<NamedTensor> tensors;      // in the file's order, names unique
  std::map<std::string, ArgValue> args;  // the constructor arguments stored beside the weights
  bool has_args = false;   // args were stored (even if none), so defaults are the constructor's
  std::string model_name;  // class name, when stored
  std::optional<int> sample_rate;  // Hz, when stored
  std::map<std::string, std::string>
      metadata;  // other plain data: dataset, task, license, versions
  std::vector<Note> notes;

  const NamedTensor* find(std::string_view name) const;
};

// Limit on the float32 numbers made from a file: views may repeat a storage, but not without end.
int64_t element_limit(uint64_t file_bytes);

// Adds a warning for every tensor with NaN or infinite values.
void warn_about_non_finite(Checkpoint& checkpoint);

}  // namespace tessera
