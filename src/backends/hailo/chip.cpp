#include "backends/hailo/chip.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "backends/hailo/status.h"
#include "base/hash.h"

namespace tessera::hailort {
namespace {

constexpr const char* kDevice = "Hailo device";
constexpr const char* kSharedGroup = "SHARED";  // programs that share a device name one group

bool uses_service() {
  const char* value = std::getenv(kServiceVariable);  // NOLINT(concurrency-mt-unsafe): read only
  return value != nullptr && std::string_view(value) == "1";
}

std::string_view architecture_name(Architecture architecture) {
  switch (architecture) {
    case kHailo8A0:
    case kHailo8: return "Hailo-8";
    case kHailo8L: return "Hailo-8L";
    case kHailo15H: return "Hailo-15H";
    case kHailo10H: return "Hailo-10H";
  }
  return "unknown device";
}

template <typename Infos>
Status read_infos(Status (*read)(NetworkGroup, StreamInfo*, size_t, size_t*), NetworkGroup group,
                  Infos& infos) {
  infos.resize(kMaxStreams);
  size_t count = 0;
  const Status status = read(group, infos.data(), infos.size(), &count);
  infos.resize(status == kSuccess && count <= kMaxStreams ? count : 0);
  for (StreamInfo& info : infos) info.name[kNameBytes - 1] = '\0';
  return status;
}

}  // namespace

// What is open, by library. Never destroyed: the last Chip may outlive static objects.
struct Chip::Shared {
  std::mutex mutex;
  std::condition_variable closed;
  struct Open {
    std::weak_ptr<Chip> chip;
    bool is_held = false;  // from its opening until the device is given back
  };
  std::map<const Library*, Open> open;

  static Shared& instance() {
    static auto* const shared = new Shared;
    return *shared;
  }
};

Result<std::shared_ptr<Chip>> Chip::shared() {
  TESSERA_TRY(const Library* library, open_library());
  Shared& shared = Shared::instance();
  std::unique_lock lock(shared.mutex);
  Shared::Open& open = shared.open[library];
  std::shared_ptr<Chip> chip;
  // Another thread may be closing the device that nobody uses any more: until then it is busy.
  shared.closed.wait(lock, [&] {
    chip = open.chip.lock();
    return chip != nullptr || !open.is_held;
  });
  if (chip) return chip;
  std::unique_ptr<Chip> opened(new Chip(*library));
  TESSERA_TRY_VOID(opened->open());
  chip = std::shared_ptr<Chip>(opened.release(), close_shared);
  open = {chip, true};
  return chip;
}

void Chip::close_shared(Chip* chip) {
  Shared& shared = Shared::instance();
  const Library* library = &chip->library_;
  delete chip;
  {
    const std::scoped_lock lock(shared.mutex);
    shared.open[library].is_held = false;
  }
  shared.closed.notify_all();
}

Chip::~Chip() {
  close();
}

Result<void> Chip::open() {
  VDeviceParams params{};
  Status status = call().init_vdevice_params(&params);
  if (status != kSuccess) return status_error(library_, status, kDevice, "describing the device");
  params.device_count = 1;
  params.scheduling_algorithm = kRoundRobin;
  if (uses_service()) {
    params.multi_process_service = true;
    params.group_id = kSharedGroup;
  }
  status = call().create_vdevice(&params, &vdevice_);
  if (status != kSuccess) {
    vdevice_ = nullptr;
    return status_error(library_, status, kDevice, "opening the device");
  }
  ++generation_;
  return read_identity();
}

// A device behind the service tells nothing of itself, and runs all the same.
Result<void> Chip::read_identity() {
  size_t count = 1;
  device_ = nullptr;
  if (call().get_physical_devices(vdevice_, &device_, &count) != kSuccess || count == 0) {
    device_ = nullptr;
    return {};
  }
  const Status status = call().identify(device_, &identity_);
  if (status == kSuccess || uses_service()) return {};
  return status_error(library_, status, kDevice, "asking the device for its identity");
}

void Chip::close() {
  for (auto& [hash, configured] : configured_) release(*configured);
  configured_.clear();
  if (vdevice_ != nullptr) call().release_vdevice(vdevice_);
  vdevice_ = nullptr;
  device_ = nullptr;
}

void Chip::release(ConfiguredHef& configured) {
  const std::scoped_lock lock(configured.queueing);
  if (configured.group != nullptr) call().shutdown_network_group(configured.group);
  if (configured.hef != nullptr) call().release_hef(configured.hef);
  configured.group = nullptr;
  configured.hef = nullptr;
}

std::string Chip::description() const {
  const std::string_view architecture = architecture_name(identity_.device_architecture);
  const std::string board(identity_.board_name, std::min<size_t>(identity_.board_name_length,
                                                                 sizeof identity_.board_name));
  return fmt::format("{}{}, firmware {}, HailoRT {}", architecture,
                     board.empty() || board == architecture ? "" : fmt::format(" ({})", board),
                     to_string(identity_.fw_version), to_string(library_.version));
}

// Behind the service there is no handle to ask.
Result<void> Chip::check_is_told(const char* doing) const {
  if (device_ != nullptr) return {};
  return TESSERA_ERROR(kUnavailable, kDevice,
                       fmt::format("is not at hand, while {}: it is lost, or another program's "
                                   "service holds it",
                                   doing),
                       "run without the service");
}

Result<float> Chip::temperature_celsius() {
  constexpr const char* kDoing = "measuring its temperature";
  const std::scoped_lock lock(mutex_);
  TESSERA_TRY_VOID(check_is_told(kDoing));
  ChipTemperature measured{};
  const Status status = call().get_chip_temperature(device_, &measured);
  if (status != kSuccess) return status_error(library_, status, kDevice, kDoing);
  return std::max(measured.ts0_temperature, measured.ts1_temperature);
}

Result<float> Chip::power_watts() {
  constexpr const char* kDoing = "measuring its power";
  const std::scoped_lock lock(mutex_);
  TESSERA_TRY_VOID(check_is_told(kDoing));
  float watts = 0;
  const Status status = call().power_measurement(device_, kAutomatic, kAutomatic, &watts);
  if (status != kSuccess) return status_error(library_, status, kDevice, kDoing);
  return watts;
}

Result<std::shared_ptr<ConfiguredHef>> Chip::configure(const HefBytes& bytes,
                                                       const std::string& subject) {
  const std::scoped_lock lock(mutex_);
  const std::string hash = content_hash(*bytes);
  const auto found = configured_.find(hash);
  if (found != configured_.end()) return found->second;
  auto configured = std::make_shared<ConfiguredHef>();
  configured->bytes = bytes;
  configured->generation = generation_;
  const Result<void> done = configure_new(*configured, *bytes, subject);
  if (!done) {
    release(*configured);
    return done.error();
  }
  configured_[hash] = configured;
  return configured;
}

Result<void> Chip::configure_new(ConfiguredHef& configured, std::span<const uint8_t> bytes,
                                 const std::string& subject) {
  if (vdevice_ == nullptr) {
    return TESSERA_ERROR(kUnavailable, kDevice, "is lost", "start the program again");
  }
  Status status = call().create_hef_buffer(&configured.hef, bytes.data(), bytes.size());
  if (status != kSuccess) {
    configured.hef = nullptr;
    return status_error(library_, status, subject, "reading its compiled file");
  }
  const auto params = std::make_unique<ConfigureParams>();  // 84 KB
  status = call().init_configure_params_by_vdevice(configured.hef, vdevice_, params.get());
  if (status != kSuccess)
    return status_error(library_, status, subject, "preparing its compiled file");
  if (params->network_group_params_count != 1) {
    return TESSERA_ERROR(
        kUnsupported, subject,
        fmt::format("its compiled file holds {} networks", params->network_group_params_count),
        "compile the pieces one by one");
  }
  NetworkGroupParams& group = params->network_group_params[0];
  group.name[kNameBytes - 1] = '\0';
  configured.group_name = group.name;
  for (size_t i = 0; i < std::min(group.stream_params_by_name_count, kMaxStreams); ++i)
    group.stream_params_by_name[i].stream_params.flags = kStreamAsync;
  size_t groups = 1;
  status =
      call().configure_vdevice(vdevice_, configured.hef, params.get(), &configured.group, &groups);
  if (status == kSuccess && groups == 1) return read_streams(configured, subject);
  configured.group = nullptr;
  return status_error(library_, status, subject, "configuring the device with its compiled file");
}

Result<void> Chip::read_streams(ConfiguredHef& configured, const std::string& subject) {
  Status status =
      read_infos(call().network_group_get_input_stream_infos, configured.group, configured.inputs);
  if (status == kSuccess) {
    status = read_infos(call().network_group_get_output_stream_infos, configured.group,
                        configured.outputs);
  }
  if (status == kSuccess) return {};
  return status_error(library_, status, subject, "reading the streams of its compiled file");
}

void Chip::shut_down(const std::shared_ptr<ConfiguredHef>& configured) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(configured_, [&](const auto& entry) { return entry.second == configured; });
  release(*configured);
}

uint64_t Chip::generation() {
  const std::scoped_lock lock(mutex_);
  return generation_;
}

Result<void> Chip::recover(uint64_t generation, Status status, const std::string& subject) {
  const std::scoped_lock lock(mutex_);
  if (generation != generation_) return {};
  if (was_reset_) {
    Error error = status_error(library_, status, subject, "running it");
    error.message += "; the device was reset once before";
    return error;
  }
  was_reset_ = true;
  close();
  TESSERA_TRY_VOID(reset_device(subject));
  return open();
}

Result<void> Chip::reset_device(const std::string& subject) {
  std::array<DeviceId, 32> ids{};
  size_t count = ids.size();
  Status status = call().scan_devices(nullptr, ids.data(), &count);
  Device device = nullptr;
  if (status == kSuccess) {
    status = count == 0 ? kOutOfPhysicalDevices : call().create_device_by_id(ids.data(), &device);
  }
  if (status == kSuccess) {
    status = call().reset_device(device, kResetSoft);
    call().release_device(device);
  }
  if (status == kSuccess) return {};
  return status_error(library_, status, subject, "resetting the device");
}

}  // namespace tessera::hailort
