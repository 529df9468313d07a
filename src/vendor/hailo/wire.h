// Protocol buffers in their wire format, field by field and without a schema, from bytes that
// nobody has checked. https://protobuf.dev/programming-guides/encoding
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vendor/hailo/damage.h"

namespace tessera {

enum class WireType : uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

class WireMessage;

class WireField {
 public:
  uint32_t number() const { return number_; }
  uint64_t offset() const { return offset_; }  // of its value in the file

  // Each assigns where the field has the type that is asked for, else notes damage and leaves
  // `out` as it is.
  void read(uint64_t& out) const;
  void read(uint32_t& out) const;  // damage beyond 32 bits
  void read(int64_t& out) const;
  void read(bool& out) const;
  void read(float& out) const;
  void read(double& out) const;
  void read(std::string& out) const;  // at most kMaxTextBytes of it
  // Appends one value, or all of a packed field, up to `most` in all.
  void append(std::vector<double>& out, size_t most) const;
  void append(std::vector<uint64_t>& out, size_t most) const;
  void append(std::vector<std::string>& out, size_t most) const;

  std::span<const uint8_t> bytes() const;  // empty, and damage, where it is no such field
  // `what` names the message in damage: "the network group". It must outlive the message.
  WireMessage message(std::string_view what) const;

 private:
  friend class WireMessage;
  bool is(WireType type) const;

  WireType type_ = WireType::varint;
  bool cut_ = false;
  uint32_t number_ = 0;
  uint64_t value_ = 0;  // of a varint or fixed field
  uint64_t offset_ = 0;
  std::span<const uint8_t> bytes_;
  std::string_view within_;
  DamageLog* log_ = nullptr;
};

inline constexpr size_t kMaxTextBytes = 4096;

// A message whose end is missing gives what there is of it: damage is noted once, where it begins.
class WireMessage {
 public:
  // `bytes` lie at `offset` in the file. All of these must outlive the message. `cut`: the end is
  // known to be missing.
  WireMessage(std::span<const uint8_t> bytes, uint64_t offset, std::string_view what,
              DamageLog& log, bool cut = false)
      : rest_(bytes), offset_(offset), what_(what), log_(&log), cut_(cut) {}

  // Nothing at the end, and where the rest cannot be told apart.
  std::optional<WireField> next();

  // The end is known to be missing; more may turn out while fields are taken.
  bool cut() const { return cut_; }

 private:
  std::optional<uint64_t> varint();
  bool take_value(WireField& field);
  bool take_fixed(size_t count, WireField& field);
  void skip(size_t count);
  void damaged(uint64_t offset, std::string text);

  std::span<const uint8_t> rest_;
  uint64_t offset_;
  std::string_view what_;
  DamageLog* log_;
  bool cut_;
};

}  // namespace tessera
