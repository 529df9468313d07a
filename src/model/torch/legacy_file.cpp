#include "model/torch/legacy_file.h"

#include <algorithm>
#include <string_view>

#include "model/torch/unpickler.h"

namespace tessera {
namespace {

// A pickled integer, 0x1950a86a20f9469cfc6c.
constexpr std::string_view kMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

Result<std::vector<std::string>> read_keys(const PickleDocument& document) {
  const auto* list = document.get_if<PickleSequence>(document.root());
  std::vector<std::string> keys;
  if (list != nullptr) {
    for (PickleId item : list->items) {
      const auto* key = document.get_if<std::string>(item);
      if (key != nullptr) keys.push_back(*key);
    }
  }
  if (list == nullptr || keys.size() != list->items.size()) {
    return TESSERA_ERROR(kCorrupt, "", "the list of storages is no list of names",
                         "the file is damaged: save or download it again");
  }
  return keys;
}

}  // namespace

bool is_legacy_file(std::span<const uint8_t> file) {
  return file.size() >= 2 + kMagic.size() && file[0] == 0x80 && file[1] >= 2 && file[1] <= 5 &&
         std::equal(kMagic.begin(), kMagic.end(), file.begin() + 2,
                    [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

Result<LegacyFile> read_legacy_file(std::span<const uint8_t> file) {
  LegacyFile legacy;
  uint64_t at = 0;
  const auto next = [&]() -> Result<PickleDocument> {
    TESSERA_TRY(PickleDocument document, Unpickler::read_first(file.subspan(at)));
    at += document.pickle_bytes();
    return document;
  };
  for (int skipped = 0; skipped < 3; ++skipped) {  // magic number, protocol, machine
    TESSERA_TRY([[maybe_unused]] const PickleDocument document, next());
  }
  TESSERA_TRY(legacy.document, next());
  TESSERA_TRY(const PickleDocument keys, next());
  TESSERA_TRY(legacy.keys, read_keys(keys));
  legacy.storages = file.subspan(at);
  return legacy;
}

}  // namespace tessera
