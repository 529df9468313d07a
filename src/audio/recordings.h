// Recordings in folders.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "tessera/result.h"

namespace tessera {

// Whether the name ends as those of sound files that are read do: .wav, .flac, .ogg, .mp3, .aiff
// and their relatives, in capitals or not.
bool has_recording_name(const std::filesystem::path& path);

struct FolderOptions {
  bool recursive = false;               // folders inside it, too
  std::filesystem::path left_out = {};  // a folder that is not looked into; empty: none
};

struct FolderRecordings {
  std::vector<std::filesystem::path> recordings;  // by name
  // What else lies there: files with other names, and links to folders under `recursive`. Not in
  // it: hidden files and folders (the "._talk.wav" of a Mac too) and folders that were not asked
  // for, which are only counted.
  std::vector<std::filesystem::path> skipped;
  int64_t hidden = 0;
  int64_t folders = 0;  // not looked into
};

// Errors: kIo if a folder cannot be listed.
Result<FolderRecordings> recordings_in(const std::filesystem::path& folder,
                                       const FolderOptions& options = {});

// The error for a folder without recordings, its hint naming what is there instead.
Error no_recordings(const std::filesystem::path& folder, const FolderRecordings& found);

}  // namespace tessera
