#include "model/torch/state_view.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tessera {
namespace {

std::string without_wrapper_segments(std::string_view name) {
  std::string out;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view segment = name.substr(begin, end - begin);
    if (segment != "module" && segment != "_orig_mod") {
      if (!out.empty()) out += '.';
      out += segment;
    }
    begin = end + 1;
  }
  return out;
}

std::string first_few(const std::vector<std::string>& names) {
  constexpr size_t kShown = 4;
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, names.size()));
  return fmt::format("{}{}", fmt::join(names.begin(), end, ", "),
                     names.size() > kShown ? ", ..." : "");
}

}  // namespace

StateView::StateView(const Checkpoint& checkpoint, std::string_view prefix) {
  for (const NamedTensor& tensor : checkpoint.tensors) {
    if (tensor.name.starts_with(prefix))
      tensors_.emplace(tensor.name.substr(prefix.size()), &tensor);
  }
}

const NamedTensor* StateView::find(std::string_view name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? nullptr : it->second;
}

int64_t StateView::dim(std::string_view name, size_t axis) const {
  const NamedTensor* tensor = find(name);
  return tensor == nullptr || axis >= tensor->dims.size() ? 0 : tensor->dims[axis];
}

Result<Tensor> StateView::take(const std::string& name, const std::vector<int64_t>& dims) {
  if (!has(name)) {
    missing_.push_back(name);
    return Tensor();
  }
  return take_optional(name, dims);
}

Result<Tensor> StateView::take_optional(const std::string& name, const std::vector<int64_t>& dims) {
  const NamedTensor* tensor = find(name);
  if (tensor == nullptr) return Tensor();
  used_.insert(name);
  if (dims != tensor->dims) {
    return TESSERA_ERROR(kInvalidModel, name,
                         fmt::format("expected shape {}, found {}", dims_to_string(dims),
                                     dims_to_string(tensor->dims)),
                         "the model arguments do not belong to these weights");
  }
  return tensor->tensor;
}

Result<void> StateView::finish() const {
  std::vector<std::string> unexpected;
  for (const auto& [name, tensor] : tensors_) {
    if (!used_.contains(name)) unexpected.push_back(name);
  }
  if (missing_.empty() && unexpected.empty()) return {};
  std::string message = "the state dict does not fit the network:";
  if (!missing_.empty())
    message += fmt::format(" {} keys are missing ({})", missing_.size(), first_few(missing_));
  if (!missing_.empty() && !unexpected.empty()) message += " and";
  if (!unexpected.empty()) {
    message +=
        fmt::format(" {} keys are unexpected ({})", unexpected.size(), first_few(unexpected));
  }
  return TESSERA_ERROR(kInvalidModel, "", message,
                       "check the model arguments (ImportOptions::model_args NAME=VALUE), or "
                       "export the network to ONNX");
}

Result<void> strip_wrapper_segments(Checkpoint& checkpoint) {
  std::set<std::string> seen;
  for (NamedTensor& tensor : checkpoint.tensors) {
    std::string name = without_wrapper_segments(tensor.name);
    if (!seen.insert(name).second) {
      return TESSERA_ERROR(kInvalidModel, tensor.name,
                           fmt::format("the state dict holds {} twice, once under a wrapper", name),
                           "save one network alone: torch.save(model.state_dict(), path)");
    }
    tensor.name = std::move(name);
  }
  return {};
}

std::vector<std::string> prefixes_of(const Checkpoint& checkpoint, std::string_view anchor) {
  std::vector<std::string> prefixes;
  for (const NamedTensor& tensor : checkpoint.tensors) {
    if (!tensor.name.ends_with(anchor)) continue;
    const std::string prefix = tensor.name.substr(0, tensor.name.size() - anchor.size());
    if (prefix.empty() || prefix.back() == '.') prefixes.push_back(prefix);
  }
  return prefixes;
}

}  // namespace tessera
