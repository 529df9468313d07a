// FileBuilder: a TensorFlow Lite file under construction: tensors with unique names, constants
// written once, operators in the order in which they run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "export/tflite/schema.h"
#include "tessera/result.h"

namespace tessera::tflite {

// Index of a tensor in the file.
enum class TensorId : int32_t {};

// value = scale*(code - zero_point); one of each, or one per step along `dimension`. Empty: none.
struct Quantization {
  std::vector<float> scale = {};
  std::vector<int64_t> zero_point = {};
  int32_t dimension = 0;
  friend bool operator==(const Quantization&, const Quantization&) = default;
};

struct FileTensor {
  std::string name;
  std::vector<int32_t> dims;
  TensorType type = TensorType::float32;
  Quantization quantization = {};
  size_t buffer = 0;  // 0: no constant
};

// An operator's options as fields of their table; those left out have the format's defaults.
struct Options {
  using Value = std::variant<int8_t, int32_t, bool, float, std::vector<int32_t>>;
  OptionsTable table = OptionsTable::none;
  std::vector<std::pair<uint16_t, Value>> fields = {};  // by number
};

class FileBuilder {
 public:
  // What operators compute. Names are made unique.
  TensorId tensor(const std::string& name, std::vector<int32_t> dims,
                  TensorType type = TensorType::float32, Quantization quantization = {});
  // Constants. One of the same contents, dims, type and quantisation is written once.
  TensorId floats(const std::string& name, std::span<const float> values,
                  std::vector<int32_t> dims);
  TensorId int32s(const std::string& name, std::span<const int32_t> values,
                  std::vector<int32_t> dims, Quantization quantization = {});
  TensorId constant(const std::string& name, std::span<const std::byte> bytes,
                    std::vector<int32_t> dims, TensorType type, Quantization quantization = {});

  const FileTensor& at(TensorId id) const { return tensors_[static_cast<size_t>(id)]; }

  // Appends an operator of the version that its tensors' types and options need.
  void add(Operator code, std::vector<TensorId> inputs, std::vector<TensorId> outputs,
           Options options = {});

  // What a tensor that RESHAPE made was made of, else itself. LiteRT lays a reshaped tensor over
  // its operand; of one reshaped twice it gives the memory away while the first is still read.
  TensorId reshaped_from(TensorId id) const;

  // Network inputs and outputs, in order, under the names of the file's signature.
  void add_input(const std::string& name, TensorId id) { inputs_.emplace_back(name, id); }
  void add_output(const std::string& name, TensorId id) { outputs_.emplace_back(name, id); }
  // Whether an operator makes it and it is no output yet.
  bool may_be_output(TensorId id) const;
  void add_metadata(std::string name, std::string text) {
    metadata_.emplace_back(std::move(name), std::move(text));
  }

  // The file. The same calls give the same bytes. Errors: kResourceLimit for constants of 2 GB and
  // more, which offsets of 32 bits do not reach.
  Result<std::vector<uint8_t>> finish() const;

 private:
  friend class FileWriter;
  struct FileOperator {
    size_t code;  // index in codes_
    std::vector<TensorId> inputs;
    std::vector<TensorId> outputs;
    Options options;
  };
  using Named = std::vector<std::pair<std::string, TensorId>>;

  std::string unique(const std::string& wanted);

  std::vector<FileTensor> tensors_;
  std::vector<std::vector<std::byte>> buffers_{{}};  // the first is empty, by the format
  std::vector<std::pair<Operator, int32_t>> codes_;  // with versions
  std::vector<FileOperator> operators_;
  Named inputs_;
  Named outputs_;
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::unordered_set<std::string> names_;
  std::map<TensorId, TensorId> reshaped_;
  std::unordered_multimap<uint64_t, TensorId> constants_;  // by hash of their bytes
  int64_t constant_bytes_ = 0;
};

}  // namespace tessera::tflite
