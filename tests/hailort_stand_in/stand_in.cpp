// HailoRT's C functions, as far as the backend calls them.
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "hailort_stand_in/virtual_device.h"

namespace tessera::stand_in {
namespace {

using namespace hailort;

// Handles are pointers to these.
struct OpenDevice {
  Fault fault;
  std::unique_ptr<VirtualDevice> device;
};
struct OpenHef {
  std::shared_ptr<RunnablePiece> piece;
};

// What a reset leaves of the fault that was asked for.
struct AfterReset {
  bool is_after = false;
  Fault fault;
} after_reset;

int physical_device = 0;  // its address is the handle
std::atomic<bool> is_open{false};

template <typename To, typename From>
To handle(From* object) {
  return reinterpret_cast<To>(object);
}
OpenDevice& of(VDevice handle) {
  return *reinterpret_cast<OpenDevice*>(handle);
}
OpenHef& of(Hef handle) {
  return *reinterpret_cast<OpenHef*>(handle);
}
Group& of(NetworkGroup handle) {
  return *reinterpret_cast<Group*>(handle);
}
GroupStream& of(InputStream handle) {
  return *reinterpret_cast<GroupStream*>(handle);
}
GroupStream& of(OutputStream handle) {
  return *reinterpret_cast<GroupStream*>(handle);
}
Stream& of(InputTransform handle) {
  return *reinterpret_cast<Stream*>(handle);
}
Stream& of(OutputTransform handle) {
  return *reinterpret_cast<Stream*>(handle);
}

void copy_name(char* target, const std::string& name) {
  std::memset(target, 0, kNameBytes);
  std::memcpy(target, name.data(), std::min(name.size(), kNameBytes - 1));
}

Status infos_of(const std::deque<GroupStream>& streams, StreamInfo* infos, size_t length,
                size_t* count) {
  *count = streams.size();
  if (length < streams.size()) return kInsufficientBuffer;
  for (const GroupStream& stream : streams) *infos++ = stream.stream->info;
  return kSuccess;
}

GroupStream* find(std::deque<GroupStream>& streams, const char* name) {
  for (GroupStream& stream : streams) {
    if (std::strcmp(stream.stream->info.name, name) == 0) return &stream;
  }
  return nullptr;
}

Status quant_infos_of(const Stream& stream, QuantInfo* infos, size_t* count) {
  const size_t room = *count;
  *count = stream.quant.size();
  if (room < stream.quant.size()) return kInsufficientBuffer;
  std::copy(stream.quant.begin(), stream.quant.end(), infos);
  return kSuccess;
}

}  // namespace
}  // namespace tessera::stand_in

using namespace tessera::hailort;
using namespace tessera::stand_in;

extern "C" {
#define DECLARE(name, result, parameters) \
  __attribute__((visibility("default"))) result hailo_##name parameters;
TESSERA_HAILORT_FUNCTIONS(DECLARE)
#undef DECLARE

Status hailo_get_library_version(Version* version) {
  *version = version_of_environment();
  return kSuccess;
}

const char* hailo_get_status_message(Status status) {
  return status == kQueueIsFull ? "stand-in: queue is full" : "stand-in";
}

Status hailo_scan_devices(void*, DeviceId* ids, size_t* count) {
  copy_name(ids->id, "");
  std::strcpy(ids->id, "0000:00:00.0");
  *count = 1;
  return kSuccess;
}

Status hailo_create_device_by_id(const DeviceId*, Device* device) {
  *device = handle<Device>(&physical_device);
  return kSuccess;
}

Status hailo_release_device(Device) {
  return kSuccess;
}

Status hailo_reset_device(Device, ResetMode) {
  after_reset.is_after = true;
  after_reset.fault = Fault::of_environment();
  if (!after_reset.fault.is("lost_again")) after_reset.fault = {};
  return kSuccess;
}

Status hailo_identify(Device, DeviceIdentity* identity) {
  *identity = {};
  if (Fault::of_environment().is("firmware")) return kUnsupportedFirmware;
  identity->fw_version = {4, 22, 0};
  identity->device_architecture = kHailo8;
  const std::string board = "stand-in: Tessera's emulator";
  identity->board_name_length = static_cast<uint8_t>(board.size());
  std::memcpy(identity->board_name, board.data(), board.size());
  return kSuccess;
}

Status hailo_get_chip_temperature(Device, ChipTemperature* temperature) {
  *temperature = {41.5F, 42.5F, 1};
  return kSuccess;
}

// Boards without a sensor answer that they do not know the request.
Status hailo_power_measurement(Device, int32_t, int32_t, float* watts) {
  constexpr auto kInvalidOperation = static_cast<Status>(6);
  if (Fault::of_environment().is("no_power")) return kInvalidOperation;
  *watts = 2.25F;
  return kSuccess;
}

Status hailo_init_vdevice_params(VDeviceParams* params) {
  *params = {1, nullptr, kRoundRobin, "UNIQUE", false};
  return kSuccess;
}

// As the library: nobody else has the device while it is open, and until it is released.
Status hailo_create_vdevice(VDeviceParams*, VDevice* vdevice) {
  Fault fault = Fault::of_environment();
  if (after_reset.is_after) fault = after_reset.fault;
  after_reset = {};
  if (fault.opening() != kSuccess) return fault.opening();
  if (is_open.exchange(true)) return kDeviceInUse;
  *vdevice = handle<VDevice>(new OpenDevice{fault, std::make_unique<VirtualDevice>(fault)});
  return kSuccess;
}

Status hailo_get_physical_devices(VDevice, Device* devices, size_t* count) {
  *devices = handle<Device>(&physical_device);
  *count = 1;
  return kSuccess;
}

Status hailo_release_vdevice(VDevice vdevice) {
  const bool is_slow = of(vdevice).fault.is("slow_release");
  delete &of(vdevice);
  if (is_slow) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  is_open = false;
  return kSuccess;
}

Status hailo_create_hef_buffer(Hef* hef, const void* buffer, size_t size) {
  const Fault fault = Fault::of_environment();
  if (fault.reading() != kSuccess) return fault.reading();
  auto piece = RunnablePiece::read({static_cast<const uint8_t*>(buffer), size});
  if (piece == nullptr) return kHefCorrupted;
  if (fault.is("scale")) piece->inputs[0].quant[0].qp_scale *= 1.5F;
  *hef = handle<Hef>(new OpenHef{std::move(piece)});
  return kSuccess;
}

Status hailo_release_hef(Hef hef) {
  delete &of(hef);
  return kSuccess;
}

Status hailo_hef_get_original_names_from_vstream_name(Hef hef, const char*, const char* vstream,
                                                      LayerName* names, size_t* count) {
  for (const auto* streams : {&of(hef).piece->inputs, &of(hef).piece->outputs}) {
    for (const Stream& stream : *streams) {
      if (std::strcmp(stream.info.name, vstream) != 0) continue;
      if (*count < 1) return kInsufficientBuffer;
      copy_name(names->name, stream.port.name);
      *count = 1;
      return kSuccess;
    }
  }
  return kNotFound;
}

Status hailo_init_configure_params_by_vdevice(Hef hef, VDevice, ConfigureParams* params) {
  params->network_group_params_count = 1;
  NetworkGroupParams& group = params->network_group_params[0];
  copy_name(group.name, "piece");
  group.stream_params_by_name_count = of(hef).piece->inputs.size() + of(hef).piece->outputs.size();
  return kSuccess;
}

// As the library: streams that were not configured for it take no asynchronous transfers.
Status hailo_configure_vdevice(VDevice vdevice, Hef hef, ConfigureParams* params,
                               NetworkGroup* groups, size_t* count) {
  const NetworkGroupParams& group = params->network_group_params[0];
  for (size_t i = 0; i < group.stream_params_by_name_count; ++i) {
    if (group.stream_params_by_name[i].stream_params.flags != kStreamAsync)
      return kInsufficientBuffer;
  }
  *groups = handle<NetworkGroup>(of(vdevice).device->add(of(hef).piece));
  *count = 1;
  return kSuccess;
}

Status hailo_shutdown_network_group(NetworkGroup group) {
  of(group).device->shut_down(of(group));
  return kSuccess;
}

Status hailo_network_group_get_input_stream_infos(NetworkGroup group, StreamInfo* infos,
                                                  size_t length, size_t* count) {
  return infos_of(of(group).inputs, infos, length, count);
}

Status hailo_network_group_get_output_stream_infos(NetworkGroup group, StreamInfo* infos,
                                                   size_t length, size_t* count) {
  return infos_of(of(group).outputs, infos, length, count);
}

Status hailo_get_input_stream(NetworkGroup group, const char* name, InputStream* stream) {
  *stream = handle<InputStream>(find(of(group).inputs, name));
  return *stream == nullptr ? kNotFound : kSuccess;
}

Status hailo_get_output_stream(NetworkGroup group, const char* name, OutputStream* stream) {
  *stream = handle<OutputStream>(find(of(group).outputs, name));
  return *stream == nullptr ? kNotFound : kSuccess;
}

size_t hailo_get_input_stream_frame_size(InputStream stream) {
  return of(stream).stream->info.hw_frame_size;
}

size_t hailo_get_output_stream_frame_size(OutputStream stream) {
  return of(stream).stream->info.hw_frame_size;
}

Status hailo_get_input_stream_quant_infos(InputStream stream, QuantInfo* infos, size_t* count) {
  return quant_infos_of(*of(stream).stream, infos, count);
}

Status hailo_get_output_stream_quant_infos(OutputStream stream, QuantInfo* infos, size_t* count) {
  return quant_infos_of(*of(stream).stream, infos, count);
}

Status hailo_input_stream_get_async_max_queue_size(InputStream, size_t* size) {
  *size = kQueueSize;
  return kSuccess;
}

Status hailo_output_stream_get_async_max_queue_size(OutputStream, size_t* size) {
  *size = kQueueSize;
  return kSuccess;
}

Status hailo_stream_wait_for_async_input_ready(InputStream stream, size_t, uint32_t timeout_ms) {
  return of(stream).device->wait_for_room(of(stream), timeout_ms);
}

Status hailo_stream_wait_for_async_output_ready(OutputStream stream, size_t, uint32_t timeout_ms) {
  return of(stream).device->wait_for_room(of(stream), timeout_ms);
}

Status hailo_stream_write_raw_buffer_async(InputStream stream, const void* buffer, size_t bytes,
                                           WriteCallback callback, void* opaque) {
  return of(stream).device->push(of(stream),
                                 {const_cast<void*>(buffer), bytes, callback, nullptr, opaque});
}

Status hailo_stream_read_raw_buffer_async(OutputStream stream, void* buffer, size_t bytes,
                                          ReadCallback callback, void* opaque) {
  return of(stream).device->push(of(stream), {buffer, bytes, nullptr, callback, opaque});
}

Status hailo_create_input_transform_context_by_stream(InputStream stream, const TransformParams*,
                                                      InputTransform* transform) {
  *transform = handle<InputTransform>(new Stream(*of(stream).stream));
  return kSuccess;
}

Status hailo_create_output_transform_context_by_stream(OutputStream stream, const TransformParams*,
                                                       OutputTransform* transform) {
  *transform = handle<OutputTransform>(new Stream(*of(stream).stream));
  return kSuccess;
}

Status hailo_transform_frame_by_input_transform_context(InputTransform transform, const void* src,
                                                        size_t src_bytes, void* dst,
                                                        size_t dst_bytes) {
  const Stream& stream = of(transform);
  if (src_bytes != stream.info.hw_frame_size || dst_bytes != src_bytes) return kInsufficientBuffer;
  RunnablePiece::to_device(stream, static_cast<const std::byte*>(src),
                           static_cast<std::byte*>(dst));
  return kSuccess;
}

Status hailo_transform_frame_by_output_transform_context(OutputTransform transform, const void* src,
                                                         size_t src_bytes, void* dst,
                                                         size_t dst_bytes) {
  const Stream& stream = of(transform);
  if (src_bytes != stream.info.hw_frame_size || dst_bytes != src_bytes) return kInsufficientBuffer;
  RunnablePiece::to_host(stream, static_cast<const std::byte*>(src), static_cast<std::byte*>(dst));
  return kSuccess;
}

Status hailo_release_input_transform_context(InputTransform transform) {
  delete &of(transform);
  return kSuccess;
}

Status hailo_release_output_transform_context(OutputTransform transform) {
  delete &of(transform);
  return kSuccess;
}

}  // extern "C"
