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

// Of the piece with one of these entries, "pieces/seg00_0.", in a file that it shares.
Result<std::optional<Artifact>> joined_artifact(const Package& package,
                                                const std::vector<std::string>& stems,
                                                std::string_view format) {
  const auto text = package.read(entries::kJoined);
  if (!text || stems.empty()) return std::optional<Artifact>();
  TESSERA_TRY(const auto joined, entries::read_joined(*text));
  for (const entries::JoinedEntry& file : joined) {
    if (!file.file.ends_with(fmt::format(".{}", format))) continue;
    for (const auto& [piece, network] : file.networks) {
      const std::string stem = entries::of_artifact(piece, "");
      if (std::find(stems.begin(), stems.end(), stem) == stems.end()) continue;
      TESSERA_TRY(const auto held, package.read(file.file));
      return std::optional(Artifact{format, held, network});
    }
  }
  return std::optional<Artifact>();
}

Result<void> check_joined(const Package& package, const JoinedArtifact& artifact) {
  if (artifact.networks.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "a file of several pieces", "names no piece",
                         "say which pieces it holds");
  }
  for (const auto& [piece, network] : artifact.networks)
    TESSERA_TRY_VOID(check_artifact(package, {piece, artifact.format, artifact.bytes}));
  return {};
}

}  // namespace

Result<std::optional<Artifact>> Package::artifact(const Piece& piece,
                                                  std::string_view format) const {
  TESSERA_TRY(const std::vector<uint8_t> file, entries::piece_file(piece));
  const std::string hash = content_hash(file);
  std::vector<std::string> names;  // of pieces that compute the same
  for (const PackageEntry& entry : manifest().entries) {
    if (entry.kind != "piece" || entry.hash != hash || !entry.name.ends_with(kOnnx)) continue;
    const std::string stem = entry.name.substr(0, entry.name.size() - kOnnx.size());
    const auto held = read(stem + std::string(format));
    if (held) return std::optional(Artifact{format, *held});
    names.push_back(stem);
  }
  return joined_artifact(*this, names, format);
}

Result<void> add_artifacts(const std::filesystem::path& path,
                           std::span<const PieceArtifact> artifacts,
                           std::span<const JoinedArtifact> joined) {
  TESSERA_TRY(const Package package, Package::open(path));
  std::set<std::string, std::less<>> added;
  for (const PieceArtifact& artifact : artifacts) {
    TESSERA_TRY_VOID(check_artifact(package, artifact));
    if (added.insert(entries::of_artifact(artifact.piece, artifact.format)).second) continue;
    return TESSERA_ERROR(kInvalidArgument, fmt::format("piece '{}'", artifact.piece),
                         fmt::format("has two artifacts of the format '{}'", artifact.format),
                         "give one of them");
  }
  for (const JoinedArtifact& artifact : joined) TESSERA_TRY_VOID(check_joined(package, artifact));
  if (artifacts.empty() && joined.empty()) return {};
  const auto is_replaced = [&](const PackageEntry& entry) {
    const bool is_joined =
        entry.kind == entries::kJoinedKind || entry.kind == entries::kJoinedFileKind;
    return added.contains(entry.name) || (is_joined && !joined.empty());
  };
  std::vector<PackageContent> contents;
  for (const PackageEntry& entry : package.manifest().entries) {
    if (is_replaced(entry)) continue;
    TESSERA_TRY(const auto held, package.read(entry.name));
    contents.push_back({entry.name, entry.kind, {held.begin(), held.end()}});
  }
  for (const PieceArtifact& artifact : artifacts) {
    contents.push_back({entries::of_artifact(artifact.piece, artifact.format),
                        entries::kind_of_artifact(artifact.format), artifact.bytes});
  }
  entries::add_joined(joined, contents);
  TESSERA_TRY(const auto bytes, write_package(package.manifest(), contents));
  return write_file_atomically(path, bytes, {.force = true});
}

}  // namespace tessera
