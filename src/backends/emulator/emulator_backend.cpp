#include "backends/emulator/emulator_backend.h"

#include "backends/emulator/program.h"

namespace tessera {
namespace {

class EmulatorBackend : public Backend {
 public:
  explicit EmulatorBackend(const BackendOptions& options)
      : memory_limit_bytes_(options.memory_limit_bytes) {}

  DeviceInfo probe() const override {
    return {.backend = "emulator",
            .available = true,
            .description = "integers as a chip computes them, bit for bit",
            .reason = "",
            .threads = 1};
  }

  Result<std::unique_ptr<Executable>> load(const Segment& segment) override {
    if (segment.encodings == nullptr) {
      return TESSERA_ERROR(kInvalidArgument, "backend 'emulator'",
                           "has no encodings of this network: it would run in float",
                           "quantise the network, or use the cpu backend");
    }
    return emulator::Program::load(segment.graph, *segment.encodings, memory_limit_bytes_);
  }

 private:
  int64_t memory_limit_bytes_;
};

}  // namespace

std::unique_ptr<Backend> make_emulator_backend(const BackendOptions& options) {
  return std::make_unique<EmulatorBackend>(options);
}

}  // namespace tessera
