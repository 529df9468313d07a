#include "cli/hn_file.h"

#include <fmt/format.h>

#include "base/text_bytes.h"
#include "tessera/file.h"
#include "vendor/hailo/har/har.h"

namespace tessera::cli {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{4} << 30;

Error in_file(Error error, const std::string& path) {
  error.subject = error.subject.empty() || error.subject == path
                      ? path
                      : fmt::format("{}: {}", path, error.subject);
  return error;
}

bool is_json(std::span<const uint8_t> bytes) {
  const std::string_view text = text_of(bytes);
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin != text.npos && text[begin] == '{';
}

Result<HnFile> from_har(std::span<const uint8_t> bytes, const std::string& path) {
  auto archive = read_har_archive(bytes);
  if (!archive) return in_file(std::move(archive).error(), path);
  const Har har = read_har(*archive);
  if (har.network() == nullptr) {
    return TESSERA_ERROR(kNotFound, path, "holds no network that can be read",
                         "'tessera har inspect' tells what it holds");
  }
  HnFile file{*har.network(), std::nullopt};
  if (const HarMember* npz = archive->find_ending(".npz")) {
    auto weights = NpzFile::parse(npz->bytes, fmt::format("{}: {}", path, npz->name));
    if (!weights) return std::move(weights).error();
    file.weights.emplace(std::move(*weights));
  }
  return file;
}

}  // namespace

Result<HnFile> open_hn(const std::string& path, const std::string& weights) {
  TESSERA_TRY(const auto bytes, read_file(path, kMaxBytes));
  HnFile file;
  if (is_json(bytes)) {
    TESSERA_TRY(file.hn, read_hn(bytes, path));
  } else {
    TESSERA_TRY(file, from_har(bytes, path));
  }
  if (!weights.empty()) {
    TESSERA_TRY(NpzFile npz, NpzFile::open(weights));
    file.weights.emplace(std::move(npz));
  }
  return file;
}

}  // namespace tessera::cli
