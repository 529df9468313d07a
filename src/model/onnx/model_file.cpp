#include "model/onnx/model_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/onnx/external_data.h"
#include "model/onnx/printable.h"
#include "model/onnx/proto.h"
#include "model/onnx/tensor_data.h"
#include "tessera/file.h"

namespace tessera::onnx_import {
namespace {

// Protobuf itself stops at 2 GiB.
constexpr uint64_t kMaxFileBytes = (uint64_t{1} << 31) - 1;

Result<void> check_versions(const onnx::ModelProto& proto, const std::string& name) {
  for (const auto& import : proto.opset_import()) {
    if (!import.domain().empty() && import.domain() != "ai.onnx") continue;
    if (import.version() < kMinOpset) {
      return TESSERA_ERROR(
          kUnsupported, name, fmt::format("is written in ONNX opset {}", import.version()),
          "convert it to opset 9 or later with onnx.version_converter, or export it again");
    }
    return {};
  }
  if (proto.opset_import_size() == 0 || proto.graph().node_size() > 0) {
    return TESSERA_ERROR(kInvalidModel, name, "does not say which ONNX opset it is written in",
                         "export it again");
  }
  return {};
}

}  // namespace

ModelFile::ModelFile() : proto_(std::make_unique<onnx::ModelProto>()) {}
ModelFile::~ModelFile() = default;

Result<std::shared_ptr<ModelFile>> ModelFile::open(const std::filesystem::path& path) {
  TESSERA_TRY(std::vector<uint8_t> bytes, read_file(path, kMaxFileBytes));
  std::filesystem::path folder = path.parent_path();
  if (folder.empty()) folder = ".";
  return parse(bytes, path.string(), std::move(folder));
}

Result<std::shared_ptr<ModelFile>> ModelFile::parse(std::span<const uint8_t> bytes,
                                                    std::string name, std::filesystem::path folder,
                                                    std::shared_ptr<const ModelFiles> memory) {
  std::shared_ptr<ModelFile> file(new ModelFile());
  file->name_ = std::move(name);
  file->folder_ = std::move(folder);
  file->memory_ = std::move(memory);
  if (bytes.size() > kMaxFileBytes ||
      !file->proto_->ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return TESSERA_ERROR(kCorrupt, file->name_, "is not an ONNX file, or it is damaged",
                         "check that the download or export finished");
  }
  if (!file->proto_->has_graph() || file->proto_->graph().node_size() == 0) {
    return TESSERA_ERROR(kInvalidModel, file->name_, "holds no ONNX graph",
                         "give the .onnx file of a network");
  }
  TESSERA_TRY_VOID(check_versions(*file->proto_, file->name_));
  return file;
}

Result<ConstArray> ModelFile::tensor(const onnx::TensorProto& tensor, const std::string& what) {
  const auto found = cache_.find(&tensor);
  if (found != cache_.end()) return found->second;
  TESSERA_TRY(ConstArray array, decode(tensor, what));
  cache_.emplace(&tensor, array);
  return array;
}

Result<ConstArray> ModelFile::decode(const onnx::TensorProto& tensor, const std::string& what) {
  const std::string subject = fmt::format("tensor '{}'", printable(what));
  const auto at = [&](Error error) {
    if (error.subject.empty()) error.subject = subject;
    return error;
  };
  const std::optional<TensorType> type = tensor_type(tensor.data_type());
  if (!type) {
    return TESSERA_ERROR(kUnsupported, subject,
                         fmt::format("has element type {}, which Tessera does not read",
                                     data_type_name(tensor.data_type())),
                         "export the network in float32");
  }
  Dims dims(tensor.dims().begin(), tensor.dims().end());
  Result<int64_t> count = element_count(dims);
  if (!count) return at(std::move(count).error());
  if (*count > kMaxTensorElements) {
    return TESSERA_ERROR(
        kResourceLimit, subject,
        fmt::format("{} elements are more than a tensor may have ({})", *count, kMaxTensorElements),
        "");
  }
  std::vector<uint8_t> external;
  std::optional<std::span<const uint8_t>> raw;
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    TESSERA_TRY(external, external_bytes(tensor, type->bytes_of(*count), subject));
    raw = external;
  } else if (tensor.has_raw_data()) {
    raw = std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(tensor.raw_data().data()),
                                   tensor.raw_data().size());
  }
  Result<ConstArray> array = raw ? decode_raw(*type, std::move(dims), *raw, rounded_doubles_)
                                 : decode_typed(*type, std::move(dims), tensor, rounded_doubles_);
  if (!array) return at(std::move(array).error());
  return array;
}

Result<std::vector<uint8_t>> ModelFile::external_bytes(const onnx::TensorProto& tensor,
                                                       int64_t expected, const std::string& what) {
  ExternalRange range;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") range.location = entry.value();
    if (entry.key() == "offset") {
      TESSERA_TRY(range.offset, parse_external_number(entry.value(), what, "offset"));
    }
    if (entry.key() == "length") {
      TESSERA_TRY(range.length, parse_external_number(entry.value(), what, "length"));
    }
  }
  TESSERA_TRY(auto bytes, memory_ ? read_external(*memory_, range, expected, what)
                                  : read_external(folder_, range, expected, what));
  external_files_.insert(external_name(range.location));
  return bytes;
}

}  // namespace tessera::onnx_import
