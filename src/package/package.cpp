#include "tessera/package.h"

#include <array>
#include <fstream>

#include <fmt/format.h>

#include "base/archive.h"
#include "base/hash.h"
#include "package/entries.h"
#include "package/manifest.h"
#include "tessera/backend.h"
#include "tessera/file.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxPackageBytes = uint64_t{16} << 30;
constexpr std::string_view kLocalHeader{"PK\x03\x04", 4};
constexpr size_t kNameOffset = 30;  // of the first entry's name in a zip

Error in_package(Error error, const std::string& subject) {
  error.subject = error.subject.empty() ? subject : fmt::format("{}: {}", subject, error.subject);
  return error;
}

Error not_as_listed(const std::string& name, std::string message) {
  return TESSERA_ERROR(kCorrupt, name, std::move(message),
                       "its manifest says otherwise: build the package again");
}

// The archive is what the manifest lists: the same names in the same order, with the same content.
Result<void> check_entries(const PackageManifest& manifest, std::span<const ArchiveEntry> entries) {
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    const PackageEntry& listed = manifest.entries[i];
    if (i >= entries.size() || entries[i].name != listed.name) {
      return not_as_listed(listed.name, "is missing, or not at its place");
    }
    if (entries[i].bytes.size() != listed.bytes) {
      return not_as_listed(listed.name, fmt::format("has {} bytes instead of {}",
                                                    entries[i].bytes.size(), listed.bytes));
    }
    if (content_hash(entries[i].bytes) != listed.hash) {
      return not_as_listed(listed.name, "has another content");
    }
  }
  if (entries.size() > manifest.entries.size()) {
    return not_as_listed(entries[manifest.entries.size()].name, "does not belong here");
  }
  return {};
}

}  // namespace

Result<Package> Package::open(const std::filesystem::path& path) {
  TESSERA_TRY(std::vector<uint8_t> bytes, read_file(path, kMaxPackageBytes));
  return from_bytes(std::move(bytes), path.string());
}

Result<Package> Package::from_bytes(std::vector<uint8_t> bytes, const std::string& subject) {
  auto content = std::make_shared<Content>();
  content->bytes = std::move(bytes);
  content->subject = subject;
  Result<std::vector<ArchiveEntry>> entries = read_archive(content->bytes);
  if (!entries) return in_package(std::move(entries).error(), subject);
  content->hash = stated_digest(content->bytes);
  if (entries->empty() || entries->front().name != kManifestName) {
    return TESSERA_ERROR(kCorrupt, subject, "does not begin with a manifest",
                         "give a file that 'tessera build' wrote");
  }
  Result<PackageManifest> manifest = parse_manifest(entries->front().bytes);
  if (!manifest) return in_package(std::move(manifest).error(), subject);
  content->manifest = std::move(*manifest);
  const Result<void> listed = check_entries(content->manifest, std::span(*entries).subspan(1));
  if (!listed) return in_package(listed.error(), subject);
  for (const ArchiveEntry& entry : *entries) content->entries[entry.name] = entry.bytes;
  Package package;
  package.content_ = std::move(content);
  return package;
}

Result<std::span<const uint8_t>> Package::read(std::string_view name) const {
  const auto found = content_->entries.find(name);
  if (found == content_->entries.end()) {
    return TESSERA_ERROR(kNotFound, content_->subject, fmt::format("holds no entry '{}'", name),
                         "'tessera package ls' lists what it holds");
  }
  return found->second;
}

bool Package::is_quantized() const {
  return content_->entries.contains(entries::kEncodings);
}

std::string_view default_backend(const Package& package) {
  return default_backend(package.is_quantized() ? Arithmetic::integer : Arithmetic::float32);
}

std::vector<std::string> Package::names() const {
  std::vector<std::string> names{std::string(kManifestName)};
  for (const PackageEntry& entry : manifest().entries) names.push_back(entry.name);
  return names;
}

bool is_package(const std::filesystem::path& path) {
  std::error_code unknown;  // what a pipe gives could not be read again
  if (!std::filesystem::is_regular_file(path, unknown)) return false;
  std::ifstream file(path, std::ios::binary);
  std::array<char, kNameOffset + kManifestName.size()> head{};
  if (!file.read(head.data(), head.size())) return false;
  const std::string_view text(head.data(), head.size());
  return text.starts_with(kLocalHeader) && text.substr(kNameOffset) == kManifestName;
}

}  // namespace tessera
