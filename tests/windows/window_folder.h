// Files of windows written by tests, and how they are read.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "support/scratch_folder.h"
#include "tessera/sensor_windows.h"

namespace tessera::test {

class WindowFolder {
 public:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  std::filesystem::path path(const std::string& name) const { return folder_ / name; }

 private:
  ScratchFolder folder_;
};

inline WindowFileOptions taking(int64_t channels, int64_t frames, int64_t devices = 1) {
  WindowFileOptions options;
  options.channels = channels;
  options.devices = devices;
  options.frames = frames;
  return options;
}

}  // namespace tessera::test
