#include "vendor/hailo/hef/cluster_capacity.h"

namespace tessera {
namespace {

enum Arch : uint32_t {
  kHailo8 = 0,
  kHailo8P = 1,
  kHailo8R = 2,
  kHailo8L = 3,
  kHailo10H = 5,
  kHailo15H = 103,
};

}  // namespace

std::optional<uint64_t> cluster_count(uint32_t arch) {
  switch (arch) {
    case kHailo8:
    case kHailo8P:
    case kHailo8R: return 8;
    case kHailo8L: return 4;
    case kHailo10H:
    case kHailo15H: return 5;
    default: return std::nullopt;
  }
}

std::optional<uint64_t> cluster_capacity(uint32_t arch, HefUnit unit) {
  if (arch > kHailo8L) {
    const bool fifteen = arch == kHailo10H || arch == kHailo15H;
    return fifteen && unit == HefUnit::sc ? std::optional<uint64_t>(48) : std::nullopt;
  }
  switch (unit) {
    case HefUnit::lcu: return 16;
    case HefUnit::sc: return 64;
    case HefUnit::apu: return 20;
    case HefUnit::aligner: return 32;
    case HefUnit::l3: return 128;
    case HefUnit::port_in:
    case HefUnit::port_out: return 8;
    default: return std::nullopt;
  }
}

}  // namespace tessera
