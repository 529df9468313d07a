#include "backends/cpu/cpu_backend.h"

#include <fmt/format.h>

#include "backends/cpu/executable.h"
#include "backends/cpu/frames/frame_executable.h"
#include "backends/cpu/lowering.h"
#include "backends/cpu/transpose_hw.h"
#include "backends/float_segment.h"
#include "base/threads/processors.h"
#include "kernels/simd/kernels.h"

namespace tessera {
namespace {

class CpuBackend : public Backend {
 public:
  explicit CpuBackend(const BackendOptions& options)
      : kernels_(simd::best_kernels()),
        threads_(options.threads > 0 ? options.threads : cpu::usable_processors()),
        memory_limit_bytes_(options.memory_limit_bytes) {}

  DeviceInfo probe() const override {
    return {.backend = "cpu",
            .available = true,
            .description = fmt::format("{} vectors, float32, tiles of {} frames",
                                       kernels_.instruction_set, kernels_.tile_frames),
            .reason = "",
            .threads = threads_};
  }

  Arithmetic arithmetic() const override { return Arithmetic::float32; }

  Result<std::unique_ptr<Executable>> load(const Segment& segment) override {
    TESSERA_TRY_VOID(check_float_segment(segment, "cpu"));
    TESSERA_TRY_VOID(validate(segment.graph, segment.graph.form()));
    if (cpu::suits_frames(segment, static_cast<int64_t>(kernels_.tile_frames)))
      return cpu::load_frames(segment, memory_limit_bytes_);
    TESSERA_TRY(
        const std::optional<Graph> transposed,
        cpu::transposed_if_narrow(segment.graph, static_cast<int64_t>(kernels_.tile_frames)));
    if (!transposed) return load_as_it_lies(segment.graph);
    TESSERA_TRY(auto executable, load_as_it_lies(*transposed));
    return cpu::make_transposed(segment.graph, std::move(executable));
  }

 private:
  Result<std::unique_ptr<Executable>> load_as_it_lies(const Graph& graph) {
    TESSERA_TRY(cpu::Lowered lowered, cpu::lower(graph, kernels_));
    return cpu::make_executable(
        std::move(lowered), kernels_,
        {.threads = static_cast<size_t>(threads_), .memory_limit_bytes = memory_limit_bytes_});
  }

  simd::Kernels kernels_;
  int threads_;
  int64_t memory_limit_bytes_;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(const BackendOptions& options) {
  return std::make_unique<CpuBackend>(options);
}

}  // namespace tessera
