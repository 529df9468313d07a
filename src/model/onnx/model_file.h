// ModelFile: a parsed ONNX file and its tensors, embedded or external. Nothing in it is trusted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/onnx/const_array.h"
#include "tessera/compiler/import.h"
#include "tessera/result.h"

namespace onnx {
class ModelProto;
class TensorProto;
class FunctionProto;
}  // namespace onnx

namespace tessera::onnx_import {

// Opsets that are read. Files of later ones are tried: an operation that has changed is refused.
inline constexpr int64_t kMinOpset = 7;
inline constexpr int64_t kTestedOpset = 23;

class ModelFile {
 public:
  // Errors: those of read_file; kCorrupt when the bytes are no ONNX protobuf; kUnsupported for an
  // opset or IR this reader does not know; kInvalidModel when no graph is inside.
  static Result<std::shared_ptr<ModelFile>> open(const std::filesystem::path& path);
  // `folder`: where external data may lie; empty: external data is refused. `memory`: external data
  // lies there instead.
  static Result<std::shared_ptr<ModelFile>> parse(
      std::span<const uint8_t> bytes, std::string name, std::filesystem::path folder,
      std::shared_ptr<const ModelFiles> memory = nullptr);
  ~ModelFile();
  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;

  const onnx::ModelProto& proto() const { return *proto_; }
  const std::string& name() const { return name_; }

  // The tensor's values; converted once, shared afterwards. `what` names it in errors. `tensor` is
  // one of proto()'s, never a temporary: its address stands for it as long as this lives.
  // Errors: kNotFound (external file), kUnsafe (its path leaves the model's folder), kCorrupt
  // (sizes do not match), kUnsupported (element type), kResourceLimit.
  Result<ConstArray> tensor(const onnx::TensorProto& tensor, const std::string& what);

  // Names of the external files read so far, relative to the model's folder.
  const std::set<std::string>& external_files() const { return external_files_; }

  // Elements of weights converted so far that double precision held more exactly than float32 can.
  int64_t rounded_doubles() const { return rounded_doubles_; }

 private:
  ModelFile();
  Result<ConstArray> decode(const onnx::TensorProto& tensor, const std::string& what);
  Result<std::vector<uint8_t>> external_bytes(const onnx::TensorProto& tensor, int64_t expected,
                                              const std::string& what);

  std::unique_ptr<onnx::ModelProto> proto_;
  std::string name_;
  std::filesystem::path folder_;
  std::shared_ptr<const ModelFiles> memory_;
  std::set<std::string> external_files_;
  std::unordered_map<const onnx::TensorProto*, ConstArray> cache_;
  int64_t rounded_doubles_ = 0;
};

}  // namespace tessera::onnx_import
