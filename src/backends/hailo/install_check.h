// What a Hailo device, its runtime and its compiler need on this machine, item by item: found or
// not, and how to get it. Looks at files and opens the device; runs no program of the vendor's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tessera::hailort {

struct InstallItem {
  enum class State : uint8_t { found, missing, wrong };
  std::string name;  // "driver"
  State state = State::missing;
  std::string detail;     // "hailo_pci 4.22.0", or what is wrong
  std::string next_step;  // empty where it is found
};

struct InstallPlaces {
  std::filesystem::path root = "/";  // of sys, dev, lib and proc
  std::string path;                  // folders of programs, as PATH
  bool opens_device = true;
};

// In the order in which one needs the other: device, driver, device node, firmware, library,
// session (the device opened through the library), compiler, Python environment.
std::vector<InstallItem> check_install(const InstallPlaces& places);

}  // namespace tessera::hailort
