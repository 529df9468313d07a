#include "hailort_stand_in/faults.h"

#include <cstdio>
#include <cstdlib>

namespace tessera::stand_in {

using namespace hailort;

Fault Fault::of_environment() {
  Fault fault;
  const char* text = std::getenv("TESSERA_STAND_IN_FAULT");
  if (text == nullptr) return fault;
  fault.kind = text;
  const size_t at = fault.kind.find('@');
  if (at == std::string::npos) return fault;
  fault.evaluation = std::atoll(fault.kind.c_str() + at + 1);
  fault.kind.resize(at);
  return fault;
}

Status Fault::opening() const {
  if (is("no_driver")) return kDriverNotInstalled;
  if (is("no_device")) return kOutOfPhysicalDevices;
  if (is("busy")) return kDeviceInUse;
  if (is("driver_version")) return kInvalidDriverVersion;
  if (is("service_version")) return kInvalidServiceVersion;
  return kSuccess;
}

Status Fault::reading() const {
  if (is("other_chip_420")) return kInvalidHef;
  if (is("other_chip")) return kHefNotCompatible;
  if (is("new_compiler")) return kHefNotSupported;
  return kSuccess;
}

Version version_of_environment() {
  Version version{4, 22, 0};
  const char* text = std::getenv("TESSERA_STAND_IN_VERSION");
  if (text != nullptr)
    std::sscanf(text, "%u.%u.%u", &version.major, &version.minor, &version.revision);
  return version;
}

}  // namespace tessera::stand_in
