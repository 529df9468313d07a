#include "backends/hailo/hailo_backend.h"

#include <fmt/format.h>

#include "backends/hailo/chip.h"
#include "backends/hailo/hailo_executable.h"

namespace tessera {
namespace {

constexpr std::string_view kFormat = "hef";

DeviceReading reading(std::string name, const Result<float>& measured) {
  if (!measured) return {std::move(name), {}, measured.error().message};
  return {std::move(name), double{*measured}, ""};
}

class HailoBackend : public Backend {
 public:
  explicit HailoBackend(Result<std::shared_ptr<hailort::Chip>> chip) : chip_(std::move(chip)) {}

  DeviceInfo probe() const override {
    DeviceInfo device{.backend = "hailo", .available = false, .description = "", .reason = ""};
    if (!chip_) {
      device.reason = chip_.error().to_string();
      return device;
    }
    device.available = true;
    device.description = (*chip_)->description();
    return device;
  }

  Arithmetic arithmetic() const override { return Arithmetic::integer; }
  std::vector<DeviceReading> readings() override {
    if (!chip_) return {};
    return {reading("temperature_celsius", (*chip_)->temperature_celsius()),
            reading("power_watts", (*chip_)->power_watts())};
  }
  std::string_view artifact_format() const override { return kFormat; }

  Result<std::unique_ptr<Executable>> load(const Segment& segment) override {
    if (!chip_) return chip_.error();
    if (segment.name.empty()) {
      return TESSERA_ERROR(kUnsupported, "backend 'hailo'",
                           "runs compiled pieces of a package, and no network as it is",
                           "build a package and compile it for the chip");
    }
    if (!segment.artifact || segment.artifact->format != kFormat) {
      return TESSERA_ERROR(kNotFound, "backend 'hailo'",
                           "the package holds no compiled file (.hef) of this piece",
                           "compile the package for the chip: tessera compile PACKAGE");
    }
    return hailort::HailoExecutable::load(*chip_, segment);
  }

 private:
  Result<std::shared_ptr<hailort::Chip>> chip_;
};

}  // namespace

std::unique_ptr<Backend> make_hailo_backend(const BackendOptions&) {
  return std::make_unique<HailoBackend>(hailort::Chip::shared());
}

}  // namespace tessera
