// Holds a process to an older instruction set than its processor's best.
#pragma once

#include <cstdint>
#include <cstring>

#include <hwy/highway.h>

namespace tessera::bench {

// `name` is Highway's: AVX3 (AVX-512), AVX2, SSE4, NEON, ... False: not on this processor.
inline bool use_instruction_set(const char* name) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (std::strcmp(hwy::TargetName(target), name) != 0) continue;
    hwy::DisableTargets(target - 1);  // better ones have lower bits
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    return true;
  }
  return false;
}

}  // namespace tessera::bench
