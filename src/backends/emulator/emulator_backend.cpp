#include "backends/emulator/emulator_backend.h"

#include <fmt/format.h>

#include "backends/emulator/program.h"
#include "base/threads/processors.h"

namespace tessera {
namespace {

class EmulatorBackend : public Backend {
 public:
  explicit EmulatorBackend(const BackendOptions& options)
      : kernels_(simd::best_integer_kernels()),
        threads_(options.threads > 0 ? options.threads : cpu::usable_processors()),
        memory_limit_bytes_(options.memory_limit_bytes) {}

  DeviceInfo probe() const override {
    return {.backend = "emulator",
            .available = true,
            .description = fmt::format("integers as a chip computes them, bit for bit; {} vectors",
                                       kernels_.instruction_set),
            .reason = "",
            .threads = threads_};
  }

  Arithmetic arithmetic() const override { return Arithmetic::integer; }

  Result<std::unique_ptr<Executable>> load(const Segment& segment) override {
    if (segment.encodings == nullptr) {
      return TESSERA_ERROR(kInvalidArgument, "backend 'emulator'",
                           "has no encodings of this network: it would run in float",
                           "quantise the network, or use the cpu backend");
    }
    return emulator::Program::load(
        segment, kernels_,
        {.threads = static_cast<size_t>(threads_), .memory_limit_bytes = memory_limit_bytes_});
  }

 private:
  simd::IntegerKernels kernels_;
  int threads_;
  int64_t memory_limit_bytes_;
};

}  // namespace

std::unique_ptr<Backend> make_emulator_backend(const BackendOptions& options) {
  return std::make_unique<EmulatorBackend>(options);
}

}  // namespace tessera
