// Our own declarations of what the backend uses of HailoRT's C interface (libhailort 4.20 to 4.23),
// so that one program serves machines with and without the library. scripts/check-hailort-abi
// compares them with the library's real headers: sizes, offsets, numbers and signatures.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera::hailort {

inline constexpr uint32_t kOldestMinor = 20;  // of major 4
inline constexpr uint32_t kNewestMinor = 23;

inline constexpr size_t kNameBytes = 128;         // of streams, layers and network groups
inline constexpr size_t kNetworkNameBytes = 257;  // "group/network"
inline constexpr size_t kMaxStreams = 40;
inline constexpr size_t kMaxNetworks = 8;
inline constexpr size_t kMaxNetworkGroups = 8;

// Statuses that the backend tells apart; any other is told by its number.
enum Status : int32_t {
  kSuccess = 0,
  kTimeout = 4,
  kInsufficientBuffer = 5,
  kUnsupportedFirmware = 16,
  kInvalidHef = 26,
  kDriverOperationFailed = 36,
  kNotFound = 61,
  kCommunicationClosed = 62,
  kStreamAbort = 63,
  kDriverNotInstalled = 64,
  kDeviceInUse = 73,
  kOutOfPhysicalDevices = 74,
  kInvalidDriverVersion = 76,
  kInvalidServiceVersion = 78,
  kQueueIsFull = 82,
  kDriverInvalidResponse = 85,
  kDriverInvalidIoctl = 86,
  kDriverTimeout = 87,
  kHefCorrupted = 91,
  kHefNotSupported = 92,
  kHefNotCompatible = 93,
};

enum SchedulingAlgorithm : int32_t { kSchedulerOff = 0, kRoundRobin = 1 };
enum StreamFlags : int32_t { kStreamSync = 0, kStreamAsync = 1 };
enum StreamDirection : int32_t { kHostToDevice = 0, kDeviceToHost = 1 };
enum FormatType : int32_t { kUint8 = 1, kUint16 = 2 };
enum FormatOrder : int32_t { kNhwc = 1, kNhcw = 2 };
enum TransformMode : int32_t { kTransformCopy = 1 };
enum Architecture : int32_t {
  kHailo8A0 = 0,
  kHailo8 = 1,
  kHailo8L = 2,
  kHailo15H = 3,
  kHailo10H = 6
};
inline constexpr int32_t kAutomatic = INT32_MAX;  // what power is measured, and where
enum ResetMode : int32_t { kResetChip = 0, kResetSoft = 2 };

struct Version {
  uint32_t major;
  uint32_t minor;
  uint32_t revision;
};

struct DeviceId {
  char id[32];
};

struct VDeviceParams {
  uint32_t device_count;
  DeviceId* device_ids;
  SchedulingAlgorithm scheduling_algorithm;
  const char* group_id;
  bool multi_process_service;
};

struct StreamParams {
  int32_t stream_interface;
  StreamDirection direction;
  StreamFlags flags;
  uint32_t transport[17];  // a union over kinds of transport
};
struct NamedStreamParams {
  char name[kNameBytes];
  StreamParams stream_params;
};
struct NetworkParams {
  uint16_t batch_size;
};
struct NamedNetworkParams {
  char name[kNetworkNameBytes];
  NetworkParams network_params;
};
struct NetworkGroupParams {
  char name[kNameBytes];
  uint16_t batch_size;
  int32_t power_mode;
  int32_t latency;
  size_t stream_params_by_name_count;
  NamedStreamParams stream_params_by_name[kMaxStreams];
  size_t network_params_by_name_count;
  NamedNetworkParams network_params_by_name[kMaxNetworks];
};
struct ConfigureParams {
  size_t network_group_params_count;
  NetworkGroupParams network_group_params[kMaxNetworkGroups];
};

struct ImageShape {
  uint32_t height;
  uint32_t width;
  uint32_t features;
};
struct Format {
  FormatType type;
  FormatOrder order;
  int32_t flags;
};
struct QuantInfo {
  float qp_zp;
  float qp_scale;
  float limvals_min;
  float limvals_max;
};
struct StreamInfo {
  ImageShape shape;
  ImageShape hw_shape;
  uint32_t nms[35];  // the union's other member is longer
  uint32_t hw_data_bytes;
  uint32_t hw_frame_size;
  Format format;
  StreamDirection direction;
  uint8_t index;
  char name[kNameBytes];
  QuantInfo quant_info;
  bool is_mux;
};

struct TransformParams {
  TransformMode transform_mode;
  Format user_buffer_format;
};

struct LayerName {
  char name[kNameBytes];
};

struct DeviceIdentity {
  uint32_t protocol_version;
  Version fw_version;
  uint32_t logger_version;
  uint8_t board_name_length;
  char board_name[32];
  bool is_release;
  bool extended_context_switch_buffer;
  Architecture device_architecture;
  uint8_t serial_number_length;
  char serial_number[16];
  uint8_t part_number_length;
  char part_number[16];
  uint8_t product_name_length;
  char product_name[42];
};

struct ChipTemperature {
  float ts0_temperature;
  float ts1_temperature;
  uint16_t sample_count;
};

// What the library calls when a transfer ends, on a thread of its own.
struct WriteCompletion {
  Status status;
  const void* buffer_addr;
  size_t buffer_size;
  void* opaque;
};
struct ReadCompletion {
  Status status;
  void* buffer_addr;
  size_t buffer_size;
  void* opaque;
};
using WriteCallback = void (*)(const WriteCompletion* info);
using ReadCallback = void (*)(const ReadCompletion* info);

// Handles of the library's own objects.
using Device = struct DeviceTag*;
using VDevice = struct VDeviceTag*;
using Hef = struct HefTag*;
using NetworkGroup = struct NetworkGroupTag*;
using InputStream = struct InputStreamTag*;
using OutputStream = struct OutputStreamTag*;
using InputTransform = struct InputTransformTag*;
using OutputTransform = struct OutputTransformTag*;

// X(name without "hailo_", result, parameters)
#define TESSERA_HAILORT_FUNCTIONS(X)                                                             \
  X(get_library_version, Status, (Version*))                                                     \
  X(get_status_message, const char*, (Status))                                                   \
  X(scan_devices, Status, (void*, DeviceId*, size_t*))                                           \
  X(create_device_by_id, Status, (const DeviceId*, Device*))                                     \
  X(release_device, Status, (Device))                                                            \
  X(identify, Status, (Device, DeviceIdentity*))                                                 \
  X(get_chip_temperature, Status, (Device, ChipTemperature*))                                    \
  X(power_measurement, Status, (Device, int32_t, int32_t, float*))                               \
  X(reset_device, Status, (Device, ResetMode))                                                   \
  X(init_vdevice_params, Status, (VDeviceParams*))                                               \
  X(create_vdevice, Status, (VDeviceParams*, VDevice*))                                          \
  X(get_physical_devices, Status, (VDevice, Device*, size_t*))                                   \
  X(release_vdevice, Status, (VDevice))                                                          \
  X(create_hef_buffer, Status, (Hef*, const void*, size_t))                                      \
  X(release_hef, Status, (Hef))                                                                  \
  X(hef_get_original_names_from_vstream_name, Status,                                            \
    (Hef, const char*, const char*, LayerName*, size_t*))                                        \
  X(init_configure_params_by_vdevice, Status, (Hef, VDevice, ConfigureParams*))                  \
  X(configure_vdevice, Status, (VDevice, Hef, ConfigureParams*, NetworkGroup*, size_t*))         \
  X(shutdown_network_group, Status, (NetworkGroup))                                              \
  X(network_group_get_input_stream_infos, Status, (NetworkGroup, StreamInfo*, size_t, size_t*))  \
  X(network_group_get_output_stream_infos, Status, (NetworkGroup, StreamInfo*, size_t, size_t*)) \
  X(get_input_stream, Status, (NetworkGroup, const char*, InputStream*))                         \
  X(get_output_stream, Status, (NetworkGroup, const char*, OutputStream*))                       \
  X(get_input_stream_frame_size, size_t, (InputStream))                                          \
  X(get_output_stream_frame_size, size_t, (OutputStream))                                        \
  X(get_input_stream_quant_infos, Status, (InputStream, QuantInfo*, size_t*))                    \
  X(get_output_stream_quant_infos, Status, (OutputStream, QuantInfo*, size_t*))                  \
  X(input_stream_get_async_max_queue_size, Status, (InputStream, size_t*))                       \
  X(output_stream_get_async_max_queue_size, Status, (OutputStream, size_t*))                     \
  X(stream_wait_for_async_input_ready, Status, (InputStream, size_t, uint32_t))                  \
  X(stream_wait_for_async_output_ready, Status, (OutputStream, size_t, uint32_t))                \
  X(stream_write_raw_buffer_async, Status,                                                       \
    (InputStream, const void*, size_t, WriteCallback, void*))                                    \
  X(stream_read_raw_buffer_async, Status, (OutputStream, void*, size_t, ReadCallback, void*))    \
  X(create_input_transform_context_by_stream, Status,                                            \
    (InputStream, const TransformParams*, InputTransform*))                                      \
  X(create_output_transform_context_by_stream, Status,                                           \
    (OutputStream, const TransformParams*, OutputTransform*))                                    \
  X(transform_frame_by_input_transform_context, Status,                                          \
    (InputTransform, const void*, size_t, void*, size_t))                                        \
  X(transform_frame_by_output_transform_context, Status,                                         \
    (OutputTransform, const void*, size_t, void*, size_t))                                       \
  X(release_input_transform_context, Status, (InputTransform))                                   \
  X(release_output_transform_context, Status, (OutputTransform))

// The functions of a library that was opened; see library.h.
struct Functions {
#define TESSERA_HAILORT_MEMBER(name, result, parameters) result(*name) parameters = nullptr;
  TESSERA_HAILORT_FUNCTIONS(TESSERA_HAILORT_MEMBER)
#undef TESSERA_HAILORT_MEMBER
};

}  // namespace tessera::hailort
