// Memory for the values of a program: what lives within one pass of one tile goes to each thread's
// scratch, everything else to one arena; values never alive together share bytes.
#pragma once

#include "backends/cpu/program.h"
#include "backends/cpu/schedule.h"
#include "kernels/simd/aligned_buffer.h"
#include "tessera/result.h"

namespace tessera::cpu {

struct MemoryPlan {
  simd::AlignedBuffer arena;
  size_t scratch_floats = 0;       // per thread
  std::vector<MemorySlot> places;  // by ValueId
};

// Also notes in the schedule which arena values each group reads, so that they can be fetched
// ahead. Errors: kResourceLimit.
Result<MemoryPlan> plan_memory(const Program& program, Schedule& schedule,
                               int64_t memory_limit_bytes);

}  // namespace tessera::cpu
