#include "vendor/hailo/other_file.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/text_bytes.h"
#include "model/foreign_file.h"

namespace tessera {
namespace {

struct Kind {
  std::string_view magic;
  std::string_view what;
  std::string_view next;
};

// What stands beside compiled networks, and is no foreign file where a network may be. In the order
// in which they are tried.
constexpr Kind kKinds[] = {
    {"\x01HEF", "a HEF", "'tessera hef inspect' reads it"},
    {"PK\x03\x04", "a zip archive", "unpack it, and give the file inside"},
    {"PK\x05\x06", "an empty zip archive", "download or copy the file again"},
    {"\x1f\x8b", "a gzip file", "where it is a HAR, 'tessera har inspect' reads it"},
};

Error names(std::string_view what, std::string_view wanted, std::string_view next) {
  return TESSERA_ERROR(kCorrupt, "", fmt::format("this is {}, not {}", what, wanted),
                       std::string(next));
}

bool is_tar(std::string_view file) {
  return file.size() > 262 && file.substr(257).starts_with("ustar");
}

// A few bytes of it, for people: letters as they are.
std::string beginning(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes.first(std::min<size_t>(bytes.size(), 8))) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : " ", byte);
  }
  return text;
}

}  // namespace

Error other_file(std::span<const uint8_t> bytes, std::string_view wanted) {
  if (bytes.empty()) {
    return TESSERA_ERROR(kCorrupt, "", "the file is empty", "download or copy the file again");
  }
  const std::string_view file = text_of(bytes);
  for (const Kind& kind : kKinds) {
    if (file.starts_with(kind.magic)) return names(kind.what, wanted, kind.next);
  }
  if (is_tar(file)) {
    return names("a tar archive", wanted, "where it is a HAR, 'tessera har inspect' reads it");
  }
  if (const auto foreign = name_foreign_file(bytes)) {
    // What a transfer left there has a cure of its own.
    std::string next = foreign->code == ErrorCode::kCorrupt
                           ? foreign->hint
                           : "give the file that the compiler wrote";
    if (foreign->message.ends_with("JSON document")) next = "'tessera diff' reads an HN by itself";
    return TESSERA_ERROR(kCorrupt, "", fmt::format("{}, not {}", foreign->message, wanted),
                         std::move(next));
  }
  return TESSERA_ERROR(
      kCorrupt, "",
      fmt::format("this is not {}: it begins with {} at byte 0", wanted, beginning(bytes)),
      "check where the file comes from");
}

}  // namespace tessera
