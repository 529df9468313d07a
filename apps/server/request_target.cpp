#include "server/request_target.h"

#include <fmt/format.h>

#include <optional>

#include "base/utf8.h"

namespace tessera::server {
namespace {

constexpr size_t kMaxParameters = 16;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing for text that is not percent-encoded UTF-8, or holds control characters.
std::optional<std::string> decoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
        return std::nullopt;
      c = static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else if (c == '+') {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    result += c;
  }
  for (std::string_view rest = result; !rest.empty();) {
    const size_t size = utf8_character_bytes(rest);
    if (size == 0) return std::nullopt;
    rest.remove_prefix(size);
  }
  return result;
}

Problem bad_target(std::string message) {
  return {.status = 400,
          .code = "bad_request",
          .message = std::move(message),
          .field = "target",
          .hint = "write a path like /infer?model=NAME"};
}

}  // namespace

std::variant<Target, Problem> parse_target(std::string_view text) {
  if (!text.starts_with('/')) return bad_target("is no path");
  Target target;
  const size_t question = text.find('?');
  target.path = text.substr(0, question);
  if (question == std::string_view::npos) return target;
  std::string_view rest = text.substr(question + 1);
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const auto name = decoded(pair.substr(0, equals));
    const auto value =
        equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1));
    if (!name || !value) return bad_target("its query is not percent-encoded UTF-8");
    if (target.query.size() == kMaxParameters)
      return bad_target("its query has too many parameters");
    if (!target.query.emplace(*name, *value).second) {
      Problem problem = bad_target("is there twice");
      problem.field = *name;
      return problem;
    }
  }
  return target;
}

}  // namespace tessera::server
