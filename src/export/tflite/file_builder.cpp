#include "export/tflite/file_builder.h"

#include <algorithm>

#include <fmt/format.h>
#include <xxhash.h>

#include "export/tflite/operator_versions.h"

namespace tessera::tflite {

std::string FileBuilder::unique(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 1; !names_.insert(name).second; ++i) name = fmt::format("{}.{}", wanted, i);
  return name;
}

TensorId FileBuilder::tensor(const std::string& name, std::vector<int32_t> dims, TensorType type,
                             Quantization quantization) {
  tensors_.push_back({unique(name), std::move(dims), type, std::move(quantization)});
  return TensorId(static_cast<int32_t>(tensors_.size()) - 1);
}

TensorId FileBuilder::floats(const std::string& name, std::span<const float> values,
                             std::vector<int32_t> dims) {
  return constant(name, std::as_bytes(values), std::move(dims), TensorType::float32);
}

TensorId FileBuilder::int32s(const std::string& name, std::span<const int32_t> values,
                             std::vector<int32_t> dims, Quantization quantization) {
  return constant(name, std::as_bytes(values), std::move(dims), TensorType::int32,
                  std::move(quantization));
}

TensorId FileBuilder::constant(const std::string& name, std::span<const std::byte> bytes,
                               std::vector<int32_t> dims, TensorType type,
                               Quantization quantization) {
  const uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
  const auto [first, last] = constants_.equal_range(hash);
  size_t same_bytes = 0;
  for (auto it = first; it != last; ++it) {
    const FileTensor& other = at(it->second);
    if (!std::ranges::equal(buffers_[other.buffer], bytes)) continue;
    if (other.dims == dims && other.type == type && other.quantization == quantization)
      return it->second;
    same_bytes = other.buffer;
  }
  if (same_bytes == 0) {
    same_bytes = buffers_.size();
    buffers_.emplace_back(bytes.begin(), bytes.end());
    constant_bytes_ += static_cast<int64_t>(bytes.size());
  }
  const TensorId id = tensor(name, std::move(dims), type, std::move(quantization));
  tensors_.back().buffer = same_bytes;
  constants_.emplace(hash, id);
  return id;
}

bool FileBuilder::may_be_output(TensorId id) const {
  const auto holds = [id](const Named& named) {
    return std::ranges::any_of(named, [id](const auto& entry) { return entry.second == id; });
  };
  return at(id).buffer == 0 && !holds(inputs_) && !holds(outputs_);
}

TensorId FileBuilder::reshaped_from(TensorId id) const {
  const auto found = reshaped_.find(id);
  return found == reshaped_.end() ? id : found->second;
}

void FileBuilder::add(Operator code, std::vector<TensorId> inputs, std::vector<TensorId> outputs,
                      Options options) {
  std::vector<const FileTensor*> operands;
  for (const TensorId id : inputs) operands.push_back(&at(id));
  const std::pair wanted(code, version_of(code, operands, at(outputs.at(0)), options));
  auto found = std::find(codes_.begin(), codes_.end(), wanted);
  if (found == codes_.end()) found = codes_.insert(found, wanted);
  if (code == Operator::reshape) reshaped_.emplace(outputs[0], inputs[0]);
  operators_.push_back({static_cast<size_t>(found - codes_.begin()), std::move(inputs),
                        std::move(outputs), std::move(options)});
}

}  // namespace tessera::tflite
