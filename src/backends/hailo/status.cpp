#include "backends/hailo/status.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace tessera::hailort {
namespace {

struct Meaning {
  Status status;
  ErrorCode code;
  const char* message;
  const char* hint;
};

constexpr const char* kSameVersions =
    "install driver, firmware and library of one HailoRT release; 'modinfo hailo_pci' tells the "
    "driver's version, 'tessera doctor' the others";
constexpr const char* kBusy =
    "end the program that uses it ('sudo lsof /dev/hailo0' tells which), or share it: run "
    "hailort_service and set TESSERA_HAILORT_SERVICE=1 for every program";
constexpr const char* kCompileAgain =
    "compile the piece again, or copy the package again: the compiled file is damaged";
constexpr const char* kOtherChip =
    "compile the pieces for this chip: build the package with its target file";
constexpr const char* kRestart =
    "restart the device: 'sudo modprobe -r hailo_pci && sudo modprobe hailo_pci', or power; look "
    "at "
    "'dmesg' for what the driver says";

constexpr Meaning kMeanings[] = {
    {kTimeout, ErrorCode::kUnavailable, "the device did not answer in time", kRestart},
    {kUnsupportedFirmware, ErrorCode::kUnavailable,
     "the device's firmware is of another release than the library", kSameVersions},
    {kInvalidHef, ErrorCode::kUnsupported,
     "the compiled file is for another chip, or of a newer compiler than the library knows",
     kOtherChip},
    {kDriverOperationFailed, ErrorCode::kUnavailable, "the driver refused an operation", kRestart},
    {kCommunicationClosed, ErrorCode::kUnavailable, "the device is lost", kRestart},
    {kStreamAbort, ErrorCode::kUnavailable, "the transfer was aborted", kRestart},
    {kDriverNotInstalled, ErrorCode::kUnavailable, "the driver is not loaded",
     "install the vendor's hailo_pci driver and load it: 'sudo modprobe hailo_pci'"},
    {kDeviceInUse, ErrorCode::kUnavailable, "another program uses the device", kBusy},
    {kOutOfPhysicalDevices, ErrorCode::kUnavailable,
     "there is no free device: none is connected, or another program uses it",
     "'lspci -d 1e60:' tells whether one is connected; if so, end the program that uses it ('sudo "
     "lsof /dev/hailo0'), or share it with TESSERA_HAILORT_SERVICE=1"},
    {kInvalidDriverVersion, ErrorCode::kUnavailable, "driver and library are of different releases",
     kSameVersions},
    {kInvalidServiceVersion, ErrorCode::kUnavailable,
     "hailort_service and library are of different releases",
     "install both of one release and restart the service: 'sudo systemctl restart "
     "hailort.service'"},
    {kDriverInvalidResponse, ErrorCode::kUnavailable, "the driver answers as another release does",
     kSameVersions},
    {kDriverInvalidIoctl, ErrorCode::kUnavailable, "the driver does not know a request",
     kSameVersions},
    {kDriverTimeout, ErrorCode::kUnavailable, "the driver waited in vain for the device", kRestart},
    {kHefCorrupted, ErrorCode::kCorrupt, "the compiled file is corrupted", kCompileAgain},
    {kHefNotSupported, ErrorCode::kUnsupported,
     "the compiled file is of a compiler that the library does not know",
     "install the HailoRT release that belongs to the compiler (3.32 to 4.22, 3.33 to 4.23)"},
    {kHefNotCompatible, ErrorCode::kUnsupported, "the compiled file is for another chip",
     kOtherChip},
};

}  // namespace

Error status_error(const Library& library, Status status, std::string subject,
                   const std::string& doing) {
  const auto* meaning = std::find_if(std::begin(kMeanings), std::end(kMeanings),
                                     [&](const Meaning& row) { return row.status == status; });
  if (meaning != std::end(kMeanings)) {
    Error error{meaning->code, "", std::move(subject), meaning->hint, TESSERA_HERE};
    error.message = fmt::format("{}, while {} (HailoRT {}, status {})", meaning->message, doing,
                                to_string(library.version), static_cast<int>(status));
    return error;
  }
  const char* text = library.call.get_status_message(status);
  return TESSERA_ERROR(
      kUnavailable, std::move(subject),
      fmt::format("HailoRT {} says '{}' (status {}), while {}", to_string(library.version),
                  text == nullptr ? "" : text, static_cast<int>(status), doing),
      "see hailort.log in the working folder, and 'tessera doctor'");
}

bool is_device_loss(Status status) {
  switch (status) {
    case kTimeout:
    case kDriverOperationFailed:
    case kCommunicationClosed:
    case kStreamAbort:
    case kDriverTimeout: return true;
    default: return false;
  }
}

}  // namespace tessera::hailort
