#include "base/npz.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/zip_archive.h"

namespace tessera {
namespace {

constexpr std::string_view kSuffix = ".npy";

Error in_file(Error error, const std::string& subject) {
  error.subject = error.subject.empty() ? subject : subject + ": " + error.subject;
  return error;
}

}  // namespace

NpzFile::NpzFile(NpzFile&&) noexcept = default;
NpzFile& NpzFile::operator=(NpzFile&&) noexcept = default;
NpzFile::~NpzFile() = default;

Result<NpzFile> NpzFile::open(const std::filesystem::path& path, uint64_t limit_bytes) {
  TESSERA_TRY(auto bytes, read_file(path, limit_bytes));
  return parse(std::move(bytes), path.string());
}

Result<NpzFile> NpzFile::parse(std::vector<uint8_t> bytes, std::string subject) {
  NpzFile file;
  file.subject_ = std::move(subject);
  file.bytes_ = std::move(bytes);
  auto archive = ZipArchive::open(file.bytes_);
  if (!archive) return in_file(archive.error(), file.subject_);
  file.archive_ = std::make_unique<ZipArchive>(std::move(*archive));
  for (const ZipEntry& entry : file.archive_->entries()) {
    const std::string_view name = entry.name;
    if (name.ends_with(kSuffix))
      file.names_.emplace_back(name.substr(0, name.size() - kSuffix.size()));
  }
  return file;
}

bool NpzFile::contains(std::string_view name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

Result<NpyArray> NpzFile::read(std::string_view name) const {
  const ZipEntry* entry = archive_->find(std::string(name) + std::string(kSuffix));
  if (entry == nullptr) {
    return TESSERA_ERROR(kNotFound, subject_, fmt::format("holds no array '{}'", name), "");
  }
  const auto contents = archive_->read(*entry);
  if (!contents) return in_file(contents.error(), subject_);
  if (!ZipArchive::checksum_matches(*entry, contents->view())) {
    return TESSERA_ERROR(kCorrupt, subject_,
                         fmt::format("'{}' differs from its checksum", entry->name),
                         "copy the file again");
  }
  const std::string subject = fmt::format("{}: {}", subject_, entry->name);
  TESSERA_TRY(NpyArray array, parse_npy(contents->view(), subject));
  TESSERA_TRY_VOID(check_finite(array, subject));
  return array;
}

}  // namespace tessera
