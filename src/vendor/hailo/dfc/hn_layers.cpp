#include "vendor/hailo/dfc/hn_layers.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <optional>
#include <string_view>

#include "base/json_fields.h"
#include "tessera/file.h"

namespace tessera::hailo {
namespace {

constexpr uint64_t kMaxHarBytes = uint64_t{8} << 30;
constexpr int64_t kMaxHnBytes = int64_t{64} << 20;
constexpr int kMaxMembers = 10000;

struct FreeArchive {
  void operator()(archive* one) const { archive_read_free(one); }
};

Error not_a_har(const std::string& subject, const std::string& what) {
  return TESSERA_ERROR(kCorrupt, subject, what, "compile the piece again");
}

Result<std::vector<uint8_t>> member(archive* har, const std::string& subject, int64_t size) {
  if (size < 0 || size > kMaxHnBytes)
    return not_a_har(subject, "has an HN of a size that none has");
  std::vector<uint8_t> bytes(static_cast<size_t>(size));
  const la_ssize_t got = archive_read_data(har, bytes.data(), bytes.size());
  if (got != size) return not_a_har(subject, "ends within its HN");
  return bytes;
}

// The member "NET.hn". The archive is read to its end: a compiler that was stopped leaves half of
// one.
Result<std::vector<uint8_t>> read_hn(const std::vector<uint8_t>& bytes,
                                     const std::string& subject) {
  const std::unique_ptr<archive, FreeArchive> har(archive_read_new());
  archive_read_support_filter_gzip(har.get());
  archive_read_support_format_tar(har.get());
  if (archive_read_open_memory(har.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return not_a_har(subject, "is no HAR");
  }
  std::optional<std::vector<uint8_t>> hn;
  for (int i = 0; i < kMaxMembers; ++i) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(har.get(), &entry);
    if (status == ARCHIVE_EOF && hn) return std::move(*hn);
    if (status == ARCHIVE_EOF) return not_a_har(subject, "holds no HN");
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
      return not_a_har(subject, "is cut off or damaged");
    const char* name = archive_entry_pathname(entry);
    if (hn || name == nullptr || !std::string_view(name).ends_with(".hn")) continue;
    TESSERA_TRY(hn, member(har.get(), subject, archive_entry_size(entry)));
  }
  return not_a_har(subject, "has more members than a HAR has");
}

Result<Json> read_hn_json(const std::filesystem::path& har) {
  TESSERA_TRY(const auto bytes, read_file(har, kMaxHarBytes));
  TESSERA_TRY(const auto hn, read_hn(bytes, har.string()));
  return parse_json(hn, har.string());
}

}  // namespace

Result<std::string> read_hn_name(const std::filesystem::path& har) {
  TESSERA_TRY(const Json json, read_hn_json(har));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, har.string()));
  TESSERA_TRY(std::string name, fields.text("name"));
  if (!name.empty() && name.find('/') == std::string::npos) return name;
  return not_a_har(har.string(), "names its network as no file can be named");
}

Result<std::vector<HnLayer>> read_hn_layers(const std::filesystem::path& har) {
  TESSERA_TRY(const Json json, read_hn_json(har));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, har.string()));
  TESSERA_TRY(const auto layers, fields.named_objects("layers"));
  std::vector<HnLayer> found;
  for (const auto& [name, layer] : layers) {
    HnLayer one{name, {}, {}};
    TESSERA_TRY(one.type, layer.text("type"));
    if (layer.has("original_names")) {
      TESSERA_TRY(one.original_names, layer.words("original_names"));
    }
    found.push_back(std::move(one));
  }
  return found;
}

}  // namespace tessera::hailo
