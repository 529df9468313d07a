#include "base/shell_word.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace tessera {
namespace {

bool stands_for_itself(char c) {
  constexpr std::string_view kPlain = "%+,-./:=@_";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kPlain.find(c) != std::string_view::npos;
}

// Control characters as Console::printable() knows them: C0, DEL, C1.
bool is_shown(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first >= 0x20 && first != 0x7f;
  return first != 0xc2 || static_cast<unsigned char>(character[1]) >= 0xa0;
}

// Calls with each character, and with each byte that belongs to none, and whether it can be shown.
template <typename Function>
void for_each_character(std::string_view text, const Function& function) {
  while (!text.empty()) {
    const size_t size = utf8_character_bytes(text);
    const std::string_view character = text.substr(0, size == 0 ? 1 : size);
    function(character, size > 0 && is_shown(character));
    text.remove_prefix(character.size());
  }
}

}  // namespace

std::string shell_word(std::string_view text) {
  bool plain = !text.empty();
  bool shown = true;
  for_each_character(text, [&](std::string_view character, bool is_visible) {
    plain = plain && character.size() == 1 && stands_for_itself(character[0]);
    shown = shown && is_visible;
  });
  if (plain) return std::string(text);
  std::string word = shown ? "'" : "$'";
  for_each_character(text, [&](std::string_view character, bool is_visible) {
    if (!is_visible) {
      for (const char c : character) word += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    } else if (character == "'") {
      word += shown ? "'\\''" : "\\'";
    } else if (character == "\\" && !shown) {
      word += "\\\\";
    } else {
      word += character;
    }
  });
  return word + "'";
}

std::string shell_path(std::string_view path) {
  const bool is_relative = !path.starts_with('/') && !path.starts_with("./");
  const bool is_taken_for_more = path.starts_with('-') || path.find(':') != std::string_view::npos;
  return shell_word(is_relative && is_taken_for_more ? "./" + std::string(path)
                                                     : std::string(path));
}

}  // namespace tessera
