#include "audio/recordings.h"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/counted.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) {
  const std::string name = path.filename().string();
  // Where a Mac's archive was unpacked, its hidden files lie in a folder of this name.
  return name.starts_with('.') || name == "__MACOSX";
}

class FolderWalk {
 public:
  explicit FolderWalk(const FolderOptions& options) : options_(options) {
    std::error_code unknown;
    if (!options.left_out.empty()) left_out_ = fs::weakly_canonical(options.left_out, unknown);
  }

  Result<void> look_into(const fs::path& folder, int depth) {
    constexpr int kMaxDepth = 200;
    std::vector<fs::path> folders;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
      sort_in(*at, folders);
    }
    if (failed) {
      return TESSERA_ERROR(kIo, folder.string(),
                           fmt::format("the folder cannot be read: {}", failed.message()),
                           "check its permissions");
    }
    if (depth == kMaxDepth) found_.folders += static_cast<int64_t>(folders.size());
    for (const fs::path& inner : folders) {
      if (depth < kMaxDepth) TESSERA_TRY_VOID(look_into(inner, depth + 1));
    }
    return {};
  }

  FolderRecordings take() {
    std::sort(found_.recordings.begin(), found_.recordings.end());
    std::sort(found_.skipped.begin(), found_.skipped.end());
    return std::move(found_);
  }

 private:
  void sort_in(const fs::directory_entry& entry, std::vector<fs::path>& folders) {
    std::error_code ignored;
    const bool is_folder = entry.is_directory(ignored);
    if (is_hidden(entry.path())) {
      ++found_.hidden;
    } else if (is_folder && !options_.recursive) {
      ++found_.folders;
    } else if (is_folder && entry.is_symlink(ignored)) {
      found_.skipped.push_back(entry.path());  // it may lead back here
    } else if (is_folder) {
      if (left_out_.empty() || fs::weakly_canonical(entry.path(), ignored) != left_out_) {
        folders.push_back(entry.path());
      }
    } else if (entry.is_regular_file(ignored) && has_recording_name(entry.path())) {
      found_.recordings.push_back(entry.path());
    } else {
      found_.skipped.push_back(entry.path());
    }
  }

  const FolderOptions& options_;
  fs::path left_out_;
  FolderRecordings found_;
};

}  // namespace

bool has_recording_name(const fs::path& path) {
  constexpr std::array<std::string_view, 21> kExtensions = {
      ".wav", ".wave", ".bwf",  ".rf64", ".bw64", ".w64", ".aif",  ".aiff", ".aifc", ".caf", ".au",
      ".snd", ".sph",  ".nist", ".flac", ".ogg",  ".oga", ".opus", ".mp3",  ".mp2",  ".mp1"};
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

Result<FolderRecordings> recordings_in(const fs::path& folder, const FolderOptions& options) {
  FolderWalk walk(options);
  TESSERA_TRY_VOID(walk.look_into(folder, 0));
  return walk.take();
}

Error no_recordings(const fs::path& folder, const FolderRecordings& found) {
  std::string there;
  if (!found.skipped.empty()) {
    there = fmt::format(" ({})", counted(found.skipped.size(), "other file"));
  }
  return TESSERA_ERROR(
      kNotFound, folder.string(), "the folder holds no recordings" + there,
      found.folders > 0
          ? "FolderOptions::recursive looks into the folders inside it"
          : "name the recordings themselves, or a folder of wav, flac, mp3, ... files");
}

}  // namespace tessera
