#include "vendor/hailo/wire.h"

#include <algorithm>
#include <bit>
#include <limits>

#include <fmt/format.h>

#include "base/text_bytes.h"

namespace tessera {
namespace {

uint64_t little_endian(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

std::string_view name_of(WireType type) {
  switch (type) {
    case WireType::varint: return "a number";
    case WireType::fixed64: return "8 bytes";
    case WireType::bytes: return "bytes of a stated length";
    case WireType::fixed32: return "4 bytes";
  }
  return "";
}

}  // namespace

// --- fields ---------------------------------------------------------------------------------

bool WireField::is(WireType type) const {
  if (type_ == type) return true;
  log_->add(offset_,
            fmt::format("field {} of {} is {} where {} belong{}", number_, within_, name_of(type_),
                        name_of(type), type == WireType::varint ? "s" : ""));
  return false;
}

void WireField::read(uint64_t& out) const {
  if (is(WireType::varint)) out = value_;
}

void WireField::read(uint32_t& out) const {
  if (!is(WireType::varint)) return;
  if (value_ > std::numeric_limits<uint32_t>::max()) {
    log_->add(offset_, fmt::format("field {} of {} is {}, which is beyond 32 bits", number_,
                                   within_, value_));
    return;
  }
  out = static_cast<uint32_t>(value_);
}

void WireField::read(int64_t& out) const {
  if (is(WireType::varint)) out = static_cast<int64_t>(value_);
}

void WireField::read(bool& out) const {
  if (is(WireType::varint)) out = value_ != 0;
}

void WireField::read(float& out) const {
  if (is(WireType::fixed32)) out = std::bit_cast<float>(static_cast<uint32_t>(value_));
}

void WireField::read(double& out) const {
  if (is(WireType::fixed64)) out = std::bit_cast<double>(value_);
}

void WireField::read(std::string& out) const {
  if (is(WireType::bytes)) out = text_of(bytes_.first(std::min(bytes_.size(), kMaxTextBytes)));
}

void WireField::append(std::vector<double>& out, size_t most) const {
  if (type_ == WireType::fixed64) {
    if (out.size() < most) out.push_back(std::bit_cast<double>(value_));
    return;
  }
  if (!is(WireType::bytes)) return;
  for (auto rest = bytes_; rest.size() >= 8 && out.size() < most; rest = rest.subspan(8)) {
    out.push_back(std::bit_cast<double>(little_endian(rest.first(8))));
  }
}

void WireField::append(std::vector<uint64_t>& out, size_t most) const {
  if (type_ == WireType::varint) {
    if (out.size() < most) out.push_back(value_);
    return;
  }
  if (!is(WireType::bytes)) return;
  uint64_t value = 0;
  unsigned shift = 0;
  for (const uint8_t byte : bytes_) {
    if (out.size() >= most) return;
    if (shift < 64) value |= uint64_t{byte & 0x7FU} << shift;
    shift += 7;
    if (byte >= 0x80) continue;
    out.push_back(value);
    value = shift = 0;
  }
}

void WireField::append(std::vector<std::string>& out, size_t most) const {
  if (!is(WireType::bytes) || out.size() >= most) return;
  read(out.emplace_back());
}

std::span<const uint8_t> WireField::bytes() const {
  return is(WireType::bytes) ? bytes_ : std::span<const uint8_t>();
}

WireMessage WireField::message(std::string_view what) const {
  return WireMessage(bytes(), offset_, what, *log_, cut_);
}

// --- messages -------------------------------------------------------------------------------

void WireMessage::damaged(uint64_t offset, std::string text) {
  if (!cut_) log_->add(offset, std::move(text));
  rest_ = {};
}

void WireMessage::skip(size_t count) {
  rest_ = rest_.subspan(count);
  offset_ += count;
}

std::optional<uint64_t> WireMessage::varint() {
  constexpr size_t kMaxBytes = 10;
  uint64_t value = 0;
  const size_t most = std::min(rest_.size(), kMaxBytes);
  for (size_t i = 0; i < most; ++i) {
    value |= uint64_t{rest_[i] & 0x7FU} << (7 * i);
    if (rest_[i] < 0x80) {
      skip(i + 1);
      return value;
    }
  }
  if (most == kMaxBytes) {
    cut_ = false;  // not what is missing at the end
    damaged(offset_, fmt::format("{} holds a number of more than 64 bits", what_));
  } else {
    damaged(offset_, fmt::format("{} ends within a number", what_));
  }
  return std::nullopt;
}

bool WireMessage::take_fixed(size_t count, WireField& field) {
  if (rest_.size() < count) {
    damaged(offset_, fmt::format("{} ends within field {}", what_, field.number_));
    return false;
  }
  field.value_ = little_endian(rest_.first(count));
  skip(count);
  return true;
}

bool WireMessage::take_value(WireField& field) {
  if (field.type_ == WireType::fixed64) return take_fixed(8, field);
  if (field.type_ == WireType::fixed32) return take_fixed(4, field);
  const auto value = varint();
  if (!value) return false;
  field.value_ = *value;
  if (field.type_ == WireType::varint) return true;
  field.offset_ = offset_;
  const size_t there = std::min<uint64_t>(*value, rest_.size());
  field.bytes_ = rest_.first(there);
  if (there < *value) {
    field.cut_ = true;
    if (!cut_) {
      log_->add(offset_ + there,
                fmt::format("field {} of {} begins at byte {} and should be {} bytes: {} are there",
                            field.number_, what_, offset_, *value, there));
    }
    cut_ = true;
  }
  skip(there);
  return true;
}

std::optional<WireField> WireMessage::next() {
  if (rest_.empty()) return std::nullopt;
  const uint64_t begin = offset_;
  const auto key = varint();
  if (!key) return std::nullopt;
  WireField field;
  field.within_ = what_;
  field.log_ = log_;
  field.offset_ = offset_;
  const uint64_t number = *key >> 3;
  const auto type = static_cast<uint8_t>(*key & 7);
  if (number == 0 || number > (1U << 29) - 1 || type > 5 || type == 3 || type == 4) {
    cut_ = false;
    damaged(begin, fmt::format("{} holds no field where one begins ({:#x})", what_, *key));
    return std::nullopt;
  }
  field.number_ = static_cast<uint32_t>(number);
  field.type_ = static_cast<WireType>(type);
  if (!take_value(field)) return std::nullopt;
  return field;
}

}  // namespace tessera
