// What a status of HailoRT means and what to do about it.
#pragma once

#include <string>

#include "backends/hailo/library.h"
#include "tessera/result.h"

namespace tessera::hailort {

// `doing`: what the backend was about, "configuring the device".
Error status_error(const Library& library, Status status, std::string subject,
                   const std::string& doing);

// The device, or what the host knows of it, is in a state that only a reset ends.
bool is_device_loss(Status status);

}  // namespace tessera::hailort
