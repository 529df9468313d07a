#include "graph/text_cursor.h"

#include <charconv>

#include <fmt/format.h>

namespace tessera {
namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

// 0..15, or -1.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

Error TextCursor::error(ErrorCode code, std::string message, std::string hint) const {
  return {code, std::move(message), fmt::format("{}:{}:{}", subject_, line_number_, position_ + 1),
          std::move(hint), TESSERA_HERE};
}

void TextCursor::skip_spaces() {
  while (!at_end() && line_[position_] == ' ') ++position_;
}

bool TextCursor::accept(std::string_view token) {
  if (line_.substr(position_, token.size()) != token) return false;
  position_ += token.size();
  return true;
}

Result<void> TextCursor::expect(std::string_view token) {
  skip_spaces();
  if (accept(token)) return {};
  return corrupt(fmt::format("expected '{}'", token));
}

Result<void> TextCursor::expect_end() {
  skip_spaces();
  if (at_end()) return {};
  return corrupt("expected the end of the line");
}

Result<std::string_view> TextCursor::word(std::string_view what) {
  const size_t begin = position_;
  while (!at_end() && is_word_character(line_[position_])) ++position_;
  if (position_ == begin) return corrupt(fmt::format("expected {}", what));
  return line_.substr(begin, position_ - begin);
}

std::string_view TextCursor::rest_of_word() {
  const size_t begin = position_;
  while (!at_end() && line_[position_] != ' ') ++position_;
  return line_.substr(begin, position_ - begin);
}

Result<std::string> TextCursor::quoted(std::string_view what) {
  if (!accept("\"")) return corrupt(fmt::format("expected {} in double quotes", what));
  std::string result;
  while (!at_end() && line_[position_] != '"') {
    if (!accept("\\")) {
      result += line_[position_++];
    } else if (accept("\\")) {
      result += '\\';
    } else if (accept("\"")) {
      result += '"';
    } else if (accept("x") && position_ + 2 <= line_.size() && hex_value(line_[position_]) >= 0 &&
               hex_value(line_[position_ + 1]) >= 0) {
      result +=
          static_cast<char>(hex_value(line_[position_]) * 16 + hex_value(line_[position_ + 1]));
      position_ += 2;
    } else {
      return corrupt("unknown escape; there are \\\\, \\\" and \\x with two hexadecimal digits");
    }
  }
  if (!accept("\"")) return corrupt(fmt::format("{} has no closing quote", what));
  return result;
}

template <typename Number>
Result<Number> TextCursor::number(std::string_view what) {
  Number value{};
  const char* end = line_.data() + line_.size();
  const auto [stop, failure] = std::from_chars(line_.data() + position_, end, value);
  if (failure == std::errc::result_out_of_range)
    return corrupt(fmt::format("{} is out of range", what));
  if (failure != std::errc()) return corrupt(fmt::format("expected {}", what));
  position_ = static_cast<size_t>(stop - line_.data());
  return value;
}

Result<int64_t> TextCursor::integer(std::string_view what) {
  return number<int64_t>(what);
}
Result<double> TextCursor::real(std::string_view what) {
  return number<double>(what);
}
Result<float> TextCursor::real32(std::string_view what) {
  return number<float>(what);
}

Result<std::vector<int64_t>> TextCursor::integers(std::string_view what, size_t most) {
  std::vector<int64_t> result;
  if (!accept("[")) return corrupt(fmt::format("expected {} in brackets", what));
  do {
    if (result.size() == most)
      return corrupt(fmt::format("{} has more than {} numbers", what, most));
    TESSERA_TRY(const int64_t value, integer(what));
    result.push_back(value);
  } while (accept(","));
  if (!accept("]")) return corrupt("expected ',' or ']'");
  return result;
}

}  // namespace tessera
