// A program with its schedule and memory, ready to run on a pool of threads.
#pragma once

#include <memory>

#include "backends/cpu/lowering.h"
#include "backends/cpu/program.h"
#include "tessera/backend.h"

namespace tessera::cpu {

struct ExecutableOptions {
  size_t threads = 1;
  int64_t memory_limit_bytes = 0;
};

// Errors: kResourceLimit.
Result<std::unique_ptr<Executable>> make_executable(Lowered lowered, const simd::Kernels& kernels,
                                                    const ExecutableOptions& options);

}  // namespace tessera::cpu
