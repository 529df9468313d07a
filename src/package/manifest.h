// manifest.json of a package: what it was built from, for what and how, and the hash of every
// entry.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tessera/package.h"
#include "tessera/result.h"

namespace tessera {

inline constexpr std::string_view kManifestName = "manifest.json";

// PackageModel::notes.
std::vector<std::string> texts_of(const std::vector<Note>& notes);

std::string print_manifest(const PackageManifest& manifest);

// For untrusted text. Errors: kUnsupported for another schema, kCorrupt for all else, subject =
// the path of the field.
Result<PackageManifest> parse_manifest(std::span<const uint8_t> text);

// A file to be packed.
struct PackageContent {
  std::string name;
  std::string kind;
  std::vector<uint8_t> bytes;
};

// The package's bytes; `manifest.entries` is made from `contents`, in their order.
Result<std::vector<uint8_t>> write_package(PackageManifest manifest,
                                           std::span<const PackageContent> contents);

}  // namespace tessera
