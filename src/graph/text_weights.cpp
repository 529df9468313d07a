#include "graph/text_weights.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/base64.h"
#include "base/hash.h"

namespace tessera {
namespace {

constexpr size_t kMaxInDecimal = 8;
constexpr int64_t kMaxInFull = 65536;  // keeps small texts from becoming large graphs
constexpr size_t kHashDigits = 16;

std::vector<uint8_t> little_endian(std::span<const float> values) {
  std::vector<uint8_t> bytes;
  bytes.reserve(values.size() * 4);
  for (float value : values) {
    const auto bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8)
      bytes.push_back(static_cast<uint8_t>(bits >> shift));
  }
  return bytes;
}

std::vector<float> from_little_endian(std::span<const uint8_t> bytes) {
  std::vector<float> values(bytes.size() / 4);
  for (size_t i = 0; i < values.size(); ++i) {
    uint32_t bits = 0;
    for (size_t j = 0; j < 4; ++j) bits |= uint32_t{bytes[4 * i + j]} << (8 * j);
    values[i] = std::bit_cast<float>(bits);
  }
  return values;
}

std::string print_values(std::span<const float> values) {
  const auto same_bits = [&](float value) {
    return std::bit_cast<uint32_t>(value) == std::bit_cast<uint32_t>(values[0]);
  };
  const auto finite = [](float value) {
    return std::isfinite(value);
  };  // NaN has many bit patterns
  if (std::all_of(values.begin(), values.end(), finite)) {
    if (values.size() > 1 && values.size() <= static_cast<size_t>(kMaxInFull) &&
        std::all_of(values.begin(), values.end(), same_bits))
      return fmt::format("full {}", values[0]);
    if (values.size() <= kMaxInDecimal) return fmt::format("values {}", fmt::join(values, " "));
  }
  return "base64 " + base64_encode(little_endian(values));
}

Result<std::vector<float>> read_base64(TextCursor& cursor, int64_t count) {
  const TextCursor begin = cursor;
  const auto bytes = base64_decode(cursor.rest_of_word());
  if (!bytes) return begin.corrupt("not base64");
  if (bytes->size() != static_cast<size_t>(count) * 4) {
    return begin.corrupt(
        fmt::format("base64 holds {} bytes, {} values need {}", bytes->size(), count, count * 4));
  }
  return from_little_endian(*bytes);
}

Result<std::vector<float>> read_values(TextCursor& cursor, int64_t count) {
  if (cursor.accept("base64 ")) return read_base64(cursor, count);
  if (cursor.accept("full ")) {
    if (count > kMaxInFull)
      return cursor.corrupt(fmt::format("'full' holds at most {} values", kMaxInFull));
    TESSERA_TRY(const float value, cursor.real32("a value"));
    return std::vector<float>(static_cast<size_t>(count), value);
  }
  if (!cursor.accept("values"))
    return cursor.corrupt("expected 'full', 'values' or 'base64' and values");
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    if (!cursor.accept(" ")) return cursor.corrupt("expected a space and the next value");
    TESSERA_TRY(const float value, cursor.real32("a value"));
    values.push_back(value);
  }
  return values;
}

}  // namespace

const std::string& WeightWriter::name_of(const Tensor& tensor) {
  const auto known = names_.find(tensor.data());
  if (known != names_.end()) return known->second;
  const std::string hash = content_hash(little_endian(tensor.values())).substr(0, kHashDigits);
  const int64_t copies = ++copies_[hash];
  std::string name = copies == 1 ? "@" + hash : fmt::format("@{}.{}", hash, copies);
  weights_.emplace_back(name, tensor);
  return names_.emplace(tensor.data(), std::move(name)).first->second;
}

std::string WeightWriter::text() const {
  std::string text;
  for (const auto& [name, tensor] : weights_)
    text += fmt::format("{} {} {}\n", name, tensor.size(), print_values(tensor.values()));
  return text;
}

Result<void> WeightReader::read(TextCursor& cursor) {
  const TextCursor begin = cursor;
  TESSERA_TRY_VOID(cursor.expect("@"));
  TESSERA_TRY(const std::string_view name, cursor.word("a weight's name"));
  if (weights_.contains(std::string(name)))
    return begin.corrupt(fmt::format("weight '@{}' is given twice", name));
  cursor.skip_spaces();
  TESSERA_TRY(const int64_t count, cursor.integer("the number of values"));
  if (count < 1) return cursor.corrupt("a weight has at least one value");
  if (count > left_) {
    return cursor.error(ErrorCode::kResourceLimit, "the weights have too many values",
                        "raise the limit if the text is trusted");
  }
  left_ -= count;
  cursor.skip_spaces();
  TESSERA_TRY(std::vector<float> values, read_values(cursor, count));
  TESSERA_TRY_VOID(cursor.expect_end());
  weights_.emplace(std::string(name), Tensor({count}, std::move(values)));
  return {};
}

const Tensor* WeightReader::find(std::string_view name) const {
  const auto found = weights_.find(std::string(name));
  return found == weights_.end() ? nullptr : &found->second;
}

}  // namespace tessera
