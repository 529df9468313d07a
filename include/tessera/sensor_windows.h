// Windows of sensor recordings in files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct WindowFileOptions {
  int64_t channels = 0;  // of a device
  int64_t devices = 1;
  int64_t frames = 0;  // of a window; 0: each recording is one window, all of one length
  // From one window's begin to the next one's. 0: windows of a recording follow each other without
  // overlap, and files of windows (.json, .ts, arrays) must hold windows of `frames`.
  int64_t hop_frames = 0;
  // Names of the network's channels: columns of a CSV are found by them. Empty: by their place.
  std::vector<std::string> channel_names = {};
  // Columns of a CSV, by name or number from 1: one for each channel of each device, device by
  // device. Empty: those of `channel_names`, else all.
  std::vector<std::string> columns = {};

  // Errors: kInvalidArgument; the subject is the field.
  Result<void> validate() const;
};

struct WindowSet {
  int64_t channels = 0;
  int64_t devices = 1;
  int64_t frames = 0;
  std::vector<std::vector<float>> windows;  // each [channels, devices, frames]
  std::vector<std::string> labels;          // by window; empty: the file tells none
  std::vector<Note> notes;                  // what was left out
};

// Whether read_window_file() is for this file: .csv, .json, .ts, told by the name.
bool is_window_file(const std::filesystem::path& path);

// Windows of a file, whose kind its name tells:
//  .csv  one recording, a row a frame, with or without names of columns;
//  .json {"x": rows of numbers}, or a list of such objects; rows alone; "x" may be a list of
//        windows, too;
//  .ts   UCR/UEA archives: one recording a line, dimensions apart by colons, labels last;
//  .npy, .npz  (frames, channels), (channels, frames) or a stack of them.
// Rows hold the channels of the first device, then those of the second. For untrusted files.
// Errors: those of read_file(); kCorrupt for rows of unequal width, text, NaN and infinity;
// kInvalidArgument for another width than the network's, unknown columns, recordings shorter than a
// window, windows of another length; kUnsupported for other names; kResourceLimit.
Result<WindowSet> read_window_file(const std::filesystem::path& path,
                                   const WindowFileOptions& options);

}  // namespace tessera
