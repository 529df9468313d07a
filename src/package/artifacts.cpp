// What compilers of chips made of a package's pieces: added to the file, and found again.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/hash.h"
#include "package/entries.h"
#include "package/manifest.h"
#include "tessera/file.h"
#include "tessera/package.h"

namespace tessera {
namespace {

constexpr std::string_view kOnnx = "onnx";

const PackageEntry* find_entry(const Package& package, std::string_view name) {
  const auto& all = package.manifest().entries;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const PackageEntry& entry) { return entry.name == name; });
  return found == all.end() ? nullptr : &*found;
}

Result<void> check_artifact(const Package& package, const PieceArtifact& artifact) {
  const std::string subject = fmt::format("piece '{}'", artifact.piece);
  const PackageEntry* piece = find_entry(package, entries::of_artifact(artifact.piece, kOnnx));
  if (piece == nullptr || piece->kind != "piece") {
    return TESSERA_ERROR(kNotFound, subject, "is not in this package",
                         "'tessera package ls' lists its pieces as pieces/NAME.onnx");
  }
  const auto& formats = entries::kArtifactFormats;
  if (std::find(std::begin(formats), std::end(formats), artifact.format) == std::end(formats)) {
    return TESSERA_ERROR(
        kInvalidArgument, subject,
        fmt::format("a package holds no artifacts of the format '{}'", artifact.format),
        fmt::format("use one of: {}", fmt::join(formats, ", ")));
  }
  if (!artifact.bytes.empty()) return {};
  return TESSERA_ERROR(kInvalidArgument, subject,
                       fmt::format("its artifact of the format '{}' is empty", artifact.format),
                       "compile the piece again");
}

}  // namespace

Result<std::optional<Artifact>> Package::artifact(const Piece& piece,
                                                  std::string_view format) const {
  TESSERA_TRY(const std::vector<uint8_t> file, entries::piece_file(piece));
  const std::string hash = content_hash(file);
  for (const PackageEntry& entry : manifest().entries) {
    if (entry.kind != "piece" || entry.hash != hash || !entry.name.ends_with(kOnnx)) continue;
    const std::string stem = entry.name.substr(0, entry.name.size() - kOnnx.size());
    const auto held = read(stem + std::string(format));
    if (held) return std::optional(Artifact{format, *held});
  }
  return std::optional<Artifact>();
}

Result<void> add_artifacts(const std::filesystem::path& path,
                           std::span<const PieceArtifact> artifacts) {
  TESSERA_TRY(const Package package, Package::open(path));
  std::set<std::string, std::less<>> added;
  for (const PieceArtifact& artifact : artifacts) {
    TESSERA_TRY_VOID(check_artifact(package, artifact));
    if (added.insert(entries::of_artifact(artifact.piece, artifact.format)).second) continue;
    return TESSERA_ERROR(kInvalidArgument, fmt::format("piece '{}'", artifact.piece),
                         fmt::format("has two artifacts of the format '{}'", artifact.format),
                         "give one of them");
  }
  if (artifacts.empty()) return {};
  std::vector<PackageContent> contents;
  for (const PackageEntry& entry : package.manifest().entries) {
    if (added.contains(entry.name)) continue;
    TESSERA_TRY(const auto held, package.read(entry.name));
    contents.push_back({entry.name, entry.kind, {held.begin(), held.end()}});
  }
  for (const PieceArtifact& artifact : artifacts) {
    contents.push_back({entries::of_artifact(artifact.piece, artifact.format),
                        entries::kind_of_artifact(artifact.format), artifact.bytes});
  }
  TESSERA_TRY(const auto bytes, write_package(package.manifest(), contents));
  return write_file_atomically(path, bytes, {.force = true});
}

}  // namespace tessera
