#include "base/archive.h"

#include <algorithm>
#include <memory>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "base/hash.h"
#include "base/text_bytes.h"
#include "base/zip_archive.h"

namespace tessera {
namespace {

constexpr std::string_view kDigestLabel = "tessera package xxh3-128 ";
constexpr size_t kDigestDigits = 32;
constexpr size_t kCommentBytes = kDigestLabel.size() + kDigestDigits;
constexpr size_t kMaxEntries = 60'000;  // below what needs zip64

struct FreeWriter {
  void operator()(struct archive* writer) const { archive_write_free(writer); }
};
using ZipWriter = std::unique_ptr<struct archive, FreeWriter>;
struct FreeEntry {
  void operator()(struct archive_entry* entry) const { archive_entry_free(entry); }
};
using EntryHeader = std::unique_ptr<struct archive_entry, FreeEntry>;

la_ssize_t append(struct archive* /*writer*/, void* file, const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  auto* out = static_cast<std::vector<uint8_t>*>(file);
  out->insert(out->end(), bytes, bytes + size);
  return static_cast<la_ssize_t>(size);
}

Error refused(struct archive* writer, const std::string& subject) {
  const char* why = archive_error_string(writer);
  return TESSERA_ERROR(kResourceLimit, subject,
                       fmt::format("cannot be written into a zip: {}", why ? why : "no reason"),
                       "");
}

Result<void> write_entry(struct archive* writer, const ArchiveEntry& entry) {
  const EntryHeader header(archive_entry_new());
  archive_entry_set_pathname(header.get(), entry.name.c_str());
  archive_entry_set_filetype(header.get(), AE_IFREG);
  archive_entry_set_perm(header.get(), 0644);
  archive_entry_set_size(header.get(), static_cast<la_int64_t>(entry.bytes.size()));
  if (archive_write_header(writer, header.get()) != ARCHIVE_OK) return refused(writer, entry.name);
  for (auto rest = entry.bytes; !rest.empty();) {
    const la_ssize_t put = archive_write_data(writer, rest.data(), rest.size());
    if (put <= 0) return refused(writer, entry.name);
    rest = rest.subspan(static_cast<size_t>(put));
  }
  return {};
}

Error damaged(std::string message) {
  return TESSERA_ERROR(kCorrupt, "", std::move(message),
                       "the package is damaged or was cut short: copy it again, or build it again");
}

Result<void> check_digest(std::span<const uint8_t> file) {
  const std::string_view stated = stated_digest(file);
  if (stated.empty()) return damaged("the digest at the end of the file is missing");
  if (content_hash(file.first(file.size() - kDigestDigits)) != stated) {
    return damaged("the file's content does not have the digest at its end");
  }
  return {};
}

}  // namespace

std::string_view stated_digest(std::span<const uint8_t> file) {
  if (file.size() < kZipEndBytes + kCommentBytes) return {};
  const std::string_view comment = text_of(file.last(kCommentBytes));
  return comment.starts_with(kDigestLabel) ? comment.substr(kDigestLabel.size())
                                           : std::string_view();
}

Result<std::vector<uint8_t>> write_archive(std::span<const ArchiveEntry> entries) {
  if (entries.size() > kMaxEntries) {
    return TESSERA_ERROR(kResourceLimit, "",
                         fmt::format("{} entries are more than a package may have ({})",
                                     entries.size(), kMaxEntries),
                         "choose wider tiles (PlanOptions::tile_frames) or channel blocks "
                         "(PlanOptions::block_channels): there "
                         "are fewer pieces then");
  }
  size_t total = kCommentBytes;
  for (const ArchiveEntry& entry : entries) total += entry.bytes.size() + 512;
  std::vector<uint8_t> file;
  file.reserve(total);
  const ZipWriter writer(archive_write_new());
  if (archive_write_set_format_zip(writer.get()) != ARCHIVE_OK ||
      archive_write_zip_set_compression_store(writer.get()) != ARCHIVE_OK ||
      archive_write_set_bytes_per_block(writer.get(), 0) != ARCHIVE_OK ||
      archive_write_open(writer.get(), &file, nullptr, append, nullptr) != ARCHIVE_OK) {
    return refused(writer.get(), "");
  }
  for (const ArchiveEntry& entry : entries) {
    TESSERA_TRY_VOID(write_entry(writer.get(), entry));
  }
  if (archive_write_close(writer.get()) != ARCHIVE_OK) return refused(writer.get(), "");
  TESSERA_CHECK(
      file.size() >= kZipEndBytes && file[file.size() - 1] == 0 && file[file.size() - 2] == 0,
      "a zip without a comment ends in its size, 0");
  file[file.size() - 2] = static_cast<uint8_t>(kCommentBytes);
  file.insert(file.end(), kDigestLabel.begin(), kDigestLabel.end());
  const std::string digest = content_hash(file);
  file.insert(file.end(), digest.begin(), digest.end());
  return file;
}

Result<std::vector<ArchiveEntry>> read_archive(std::span<const uint8_t> file) {
  TESSERA_TRY_VOID(check_digest(file));
  // Whoever made the digest may still be hostile.
  TESSERA_TRY(const ZipArchive zip, ZipArchive::open(file));
  if (zip.entries().size() > kMaxEntries) {
    return TESSERA_ERROR(kUnsafe, "",
                         fmt::format("{} entries are more than a package may have ({})",
                                     zip.entries().size(), kMaxEntries),
                         "do not trust this file");
  }
  std::vector<ArchiveEntry> entries;
  for (const ZipEntry& entry : zip.entries()) {
    if (entry.deflated) {
      return TESSERA_ERROR(kUnsupported, entry.name,
                           "is compressed, which no entry of a package is",
                           "give the package as 'tessera build' wrote it");
    }
    const bool printable = std::all_of(entry.name.begin(), entry.name.end(),
                                       [](char c) { return c > ' ' && c < 127; });
    if (!printable || entry.name.ends_with('/')) {
      return TESSERA_ERROR(kUnsafe, "", "an entry's name is not one that a package has",
                           "do not trust this file");
    }
    TESSERA_TRY(const ZipBytes bytes, zip.read(entry));
    entries.push_back({entry.name, bytes.view()});
  }
  return entries;
}

}  // namespace tessera
