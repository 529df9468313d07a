// HAR, what Hailo's tools pass from step to step: a tar, or a gzipped one, of a network (HN), its
// weights, model scripts and, once compiled, the HEF.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"
#include "vendor/hailo/damage.h"

namespace tessera {

struct HarMember {
  std::string name;
  std::vector<uint8_t> bytes;
  uint64_t stated_bytes = 0;
  uint64_t offset = 0;  // of its header in the unpacked archive
  bool whole() const { return bytes.size() == stated_bytes; }
};

struct HarLimits {
  uint64_t members = 10'000;
  uint64_t bytes = uint64_t{4} << 30;  // of all members together
};

struct HarArchive {
  std::vector<HarMember> members;  // files only, in the archive's order
  bool compressed = false;
  DamageLog damage;

  const HarMember* find_ending(std::string_view suffix) const;  // the first; null: none
};

// Where the archive breaks off, what stands before is there, and so is what there is of the member
// that is cut. Errors: kCorrupt where it is another kind of file; kUnsafe for links, devices, names
// that leave the folder or that appear twice, and files with holes; kResourceLimit.
Result<HarArchive> read_har_archive(std::span<const uint8_t> file, const HarLimits& limits = {});

}  // namespace tessera
