// The device: one VDevice that all pieces of the process share, with the compiled files configured
// on it. HailoRT's scheduler decides which of them is on the chip.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "backends/hailo/library.h"
#include "tessera/result.h"

namespace tessera::hailort {

// Set to 1: programs share the device through HailoRT's service.
inline constexpr const char* kServiceVariable = "TESSERA_HAILORT_SERVICE";

// A compiled file.
using HefBytes = std::shared_ptr<const std::vector<uint8_t>>;

// A compiled file on the device, until the device is reset.
struct ConfiguredHef {
  HefBytes bytes;  // the library may read them as long as they are configured
  NetworkGroup group = nullptr;
  Hef hef = nullptr;  // for names only
  std::string group_name;
  uint64_t generation = 0;  // of the device
  std::vector<StreamInfo> inputs;
  std::vector<StreamInfo> outputs;
  // Transfers of one evaluation are queued together, so that frames of all streams stay in step.
  std::mutex queueing;
  bool is_out_of_step = false;  // some of an evaluation's were not taken: it is not used again
};

class Chip {
 public:
  // The process's device, opened if it is not open; one that is being closed is waited for. Errors:
  // those of open_library(); kUnavailable.
  static Result<std::shared_ptr<Chip>> shared();
  ~Chip();
  Chip(const Chip&) = delete;
  Chip& operator=(const Chip&) = delete;

  const Library& library() const { return library_; }
  const Functions& call() const { return library_.call; }
  std::string description() const;  // "Hailo-8, firmware 4.22.0, HailoRT 4.22.0"
  // Of the hotter of its two sensors. Errors: kUnavailable where the device does not tell.
  Result<float> temperature_celsius();
  // Of the chip's own supply, which only boards with a sensor for it measure. Errors: the same.
  Result<float> power_watts();

  // One for all that have the same bytes. `subject` names the piece in errors. Errors: kCorrupt and
  // kUnsupported for a file that this device cannot run; kUnavailable.
  Result<std::shared_ptr<ConfiguredHef>> configure(const HefBytes& bytes,
                                                   const std::string& subject);
  // Ends what is queued on it, each with its callback; it is not used again.
  void shut_down(const std::shared_ptr<ConfiguredHef>& configured);

  uint64_t generation();
  // After `status` on a device of `generation`: resets the device, unless that was done since, and
  // opens it again; pieces are configured anew. Once in the life of a Chip; the next time is the
  // error for `status`.
  Result<void> recover(uint64_t generation, Status status, const std::string& subject);

 private:
  struct Shared;
  explicit Chip(const Library& library) : library_(library) {}
  static void close_shared(Chip* chip);
  Result<void> open();
  Result<void> check_is_told(const char* doing) const;
  Result<void> read_identity();
  void close();
  Result<void> reset_device(const std::string& subject);
  Result<void> configure_new(ConfiguredHef& configured, std::span<const uint8_t> bytes,
                             const std::string& subject);
  Result<void> read_streams(ConfiguredHef& configured, const std::string& subject);
  void release(ConfiguredHef& configured);

  const Library& library_;
  std::mutex mutex_;
  VDevice vdevice_ = nullptr;
  Device device_ = nullptr;  // of vdevice_
  DeviceIdentity identity_{};
  uint64_t generation_ = 0;
  bool was_reset_ = false;
  std::map<std::string, std::shared_ptr<ConfiguredHef>> configured_;  // by hash of the file
};

}  // namespace tessera::hailort
