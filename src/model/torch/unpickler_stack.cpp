// The pickle machine's bytes and its stack.
#include "model/torch/unpickler.h"

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr uint64_t kMaxCopiedBytes = 256 << 20;

}  // namespace

Error Unpickler::corrupt(std::string message) const {
  return TESSERA_ERROR(kCorrupt, "data.pkl", fmt::format("{} (byte {})", message, at_),
                       "the file is damaged: save or download it again");
}

Error Unpickler::refuse(std::string message) const {
  return TESSERA_ERROR(kUnsafe, "data.pkl", std::move(message),
                       "nothing was run; if you trust the file, save only its weights: "
                       "torch.save(model.state_dict(), path)");
}

Result<std::string_view> Unpickler::take(uint64_t count) {
  if (count > bytes_.size() - at_) return corrupt("the pickle ends too early");
  const auto* begin = reinterpret_cast<const char*>(bytes_.data()) + at_;
  at_ += count;
  return std::string_view(begin, count);
}

Result<uint64_t> Unpickler::take_number(int width) {
  TESSERA_TRY(const std::string_view bytes, take(static_cast<uint64_t>(width)));
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

Result<std::string_view> Unpickler::take_line() {
  const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_,
                              bytes_.size() - at_);
  const size_t end = rest.find('\n');
  if (end == rest.npos) return corrupt("the pickle ends too early");
  at_ += end + 1;
  return rest.substr(0, end);
}

Result<std::string_view> Unpickler::take_counted(int width) {
  TESSERA_TRY(const uint64_t count, take_number(width));
  return take(count);
}

Result<void> Unpickler::push(PickleValue value) {
  if (document_.values_.size() >= kMaxValues) {
    return TESSERA_ERROR(kResourceLimit, "data.pkl",
                         fmt::format("the pickle holds more than {} values", kMaxValues),
                         "save only the weights: torch.save(model.state_dict(), path)");
  }
  document_.values_.push_back(std::move(value));
  stack_.push_back(PickleId{static_cast<int32_t>(document_.values_.size() - 1)});
  return {};
}

Result<void> Unpickler::charge(uint64_t bytes) {
  copied_bytes_ += bytes;
  if (copied_bytes_ <= kMaxCopiedBytes) return {};
  return TESSERA_ERROR(kUnsafe, "data.pkl",
                       "the pickle copies its values without end: this is a bomb",
                       "do not trust this file");
}

Result<void> Unpickler::push(PickleId id) {
  stack_.push_back(id);
  return {};
}

Result<PickleId> Unpickler::top() const {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back()))
    return corrupt("the pickle's stack is empty");
  return stack_.back();
}

Result<PickleId> Unpickler::pop() {
  TESSERA_TRY(const PickleId id, top());
  stack_.pop_back();
  return id;
}

Result<std::vector<PickleId>> Unpickler::pop_to_mark() {
  if (marks_.empty()) return corrupt("the pickle's mark is missing");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleId> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

}  // namespace tessera
