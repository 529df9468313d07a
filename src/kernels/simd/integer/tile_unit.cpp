#include "kernels/simd/integer/tile_unit.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tessera::simd {
namespace {

#if defined(__x86_64__) && defined(__linux__)

bool processor_has_it() {
  constexpr unsigned kTiles = 1U << 24;
  constexpr unsigned kIntegers = 1U << 25;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  return (d & kTiles) != 0 && (d & kIntegers) != 0;
}

bool system_permits_it() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool ask() {
  return processor_has_it() && system_permits_it();
}

#else

bool ask() {
  return false;
}

#endif

}  // namespace

bool may_use_tile_unit() {
  static const bool permitted = ask();
  return permitted;
}

}  // namespace tessera::simd
