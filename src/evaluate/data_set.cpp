#include "evaluate/data_set.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "audio/recordings.h"
#include "base/counted.h"
#include "evaluate/metadata.h"
#include "tessera/metrics.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFlatMark = "_mix";

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string_view folder_name(MixtureKind kind) {
  switch (kind) {
    case MixtureKind::clean: return "mix_clean";
    case MixtureKind::both: return "mix_both";
    case MixtureKind::single: return "mix_single";
    case MixtureKind::automatic: break;
  }
  return "";
}

Error no_mixtures(const fs::path& root, std::string message) {
  return TESSERA_ERROR(kNotFound, root.string(), std::move(message),
                       "give the folder that holds mix_clean, mix_both, mix_single or mix with s1, "
                       "s2, ..., or NAME_mix.wav with NAME_s1.wav, NAME_s2.wav, ...");
}

Error other_sources(const fs::path& root, size_t found, int sources) {
  return TESSERA_ERROR(kMismatch, root.string(),
                       fmt::format("holds {} for each mixture, the network separates {}",
                                   counted(found, "source"), sources),
                       "give a network for as many sources, or another data set");
}

// The folder of the mixtures, by its name below the root.
Result<std::string> mixture_folder(const DataSetOptions& options, std::vector<Note>& notes) {
  std::vector<std::string> found;
  for (const MixtureKind kind : {MixtureKind::clean, MixtureKind::both, MixtureKind::single}) {
    if (is_folder(options.root / folder_name(kind))) found.emplace_back(folder_name(kind));
  }
  if (options.mixture != MixtureKind::automatic) {
    const std::string wanted(folder_name(options.mixture));
    if (is_folder(options.root / wanted)) return wanted;
    return no_mixtures(options.root, fmt::format("has no folder {}", wanted));
  }
  if (found.empty() && is_folder(options.root / "mix")) return std::string("mix");
  if (found.empty()) return no_mixtures(options.root, "has no folder of mixtures");
  if (found.size() > 1) {
    notes.push_back({NoteSeverity::info,
                     fmt::format("{} holds {}: {} is taken (DataSetOptions::mixture chooses)",
                                 options.root.string(), fmt::join(found, ", "), found[0])});
  }
  return found[0];
}

// s1, s2, ... as far as they are there; of mixtures of one voice only s1.
std::vector<fs::path> source_folders(const fs::path& root, const std::string& mixture) {
  std::vector<fs::path> folders;
  const int most = mixture == folder_name(MixtureKind::single) ? 1 : kMaxScoredSources;
  for (int s = 1; s <= most && is_folder(root / fmt::format("s{}", s)); ++s)
    folders.push_back(root / fmt::format("s{}", s));
  return folders;
}

void add_skipped(const FolderRecordings& found, const fs::path& folder, std::vector<Note>& notes) {
  if (found.skipped.empty()) return;
  notes.push_back({NoteSeverity::info,
                   fmt::format("{}: {} {} left out", folder.string(), found.skipped.size(),
                               noun_for(found.skipped.size(), "file that is no recording was",
                                        "files that are no recordings were"))});
}

void expect_sources(DataSetItem& item) {
  for (const fs::path& source : item.sources) {
    if (is_there(source)) continue;
    item.error = TESSERA_ERROR(kNotFound, source.string(), "is not there: a source of its mixture",
                               "put it there, or take the mixture out of the data set");
    return;
  }
}

Result<DataSet> read_folders(const DataSetOptions& options, const std::string& mixture,
                             std::vector<Note> notes) {
  const fs::path folder = options.root / mixture;
  DataSet data;
  data.notes = std::move(notes);
  const std::vector<fs::path> sources = source_folders(options.root, mixture);
  if (static_cast<int>(sources.size()) != options.sources)
    return other_sources(options.root, sources.size(), options.sources);
  TESSERA_TRY(const FolderRecordings found, recordings_in(folder));
  if (found.recordings.empty()) return no_mixtures(folder, "holds no recording");
  add_skipped(found, folder, data.notes);
  for (const fs::path& path : found.recordings) {
    DataSetItem item;
    item.name = path.filename().string();
    item.mixture = path;
    for (const fs::path& source : sources) item.sources.push_back(source / path.filename());
    expect_sources(item);
    data.items.push_back(std::move(item));
  }
  return data;
}

// NAME_mix.wav with NAME_s1.wav, ...
Result<DataSet> read_flat(const DataSetOptions& options) {
  DataSet data;
  TESSERA_TRY(const FolderRecordings found, recordings_in(options.root));
  size_t most = 0;
  for (const fs::path& path : found.recordings) {
    const std::string stem = path.stem().string();
    if (!stem.ends_with(kFlatMark) || stem.size() == kFlatMark.size()) continue;
    DataSetItem item;
    item.name = stem.substr(0, stem.size() - kFlatMark.size());
    item.mixture = path;
    size_t there = 0;
    for (int s = 1; s <= kMaxScoredSources; ++s) {
      const fs::path source =
          options.root / fmt::format("{}_s{}{}", item.name, s, path.extension().string());
      if (is_there(source)) there = static_cast<size_t>(s);
      if (s <= options.sources) item.sources.push_back(source);
    }
    most = std::max(most, there);
    expect_sources(item);
    data.items.push_back(std::move(item));
  }
  if (data.items.empty()) return no_mixtures(options.root, "holds no mixture");
  if (static_cast<int>(most) > options.sources)
    return other_sources(options.root, most, options.sources);
  return data;
}

// Where LibriMix's scripts write the table of a folder of mixtures.
fs::path table_of(const fs::path& root, const std::string& mixture) {
  const fs::path normal = fs::absolute(root).lexically_normal();
  const fs::path set = normal.has_filename() ? normal : normal.parent_path();
  return set.parent_path() / "metadata" /
         fmt::format("mixture_{}_{}.csv", set.filename().string(), mixture);
}

Result<DataSet> read_table(const DataSetOptions& options, const fs::path& table) {
  TESSERA_TRY(DataSet data, read_metadata(table, options.root, options.sources));
  if (data.items.empty()) return no_mixtures(table, "names no mixture");
  for (DataSetItem& item : data.items) {
    if (!item.error) expect_sources(item);
  }
  data.layout = to_string(DataSetLayout::libri);
  return data;
}

}  // namespace

std::string_view to_string(DataSetLayout layout) {
  switch (layout) {
    case DataSetLayout::automatic: return "auto";
    case DataSetLayout::libri: return "libri";
    case DataSetLayout::wham: return "wham";
    case DataSetLayout::folders: return "folders";
  }
  return "";
}

Result<DataSet> read_data_set(const DataSetOptions& options) {
  if (!is_folder(options.root)) {
    return is_there(options.root)
               ? TESSERA_ERROR(kInvalidArgument, options.root.string(), "is a file, not a folder",
                               "give the folder of the data set")
               : TESSERA_ERROR(kNotFound, options.root.string(), "there is no such folder",
                               "give the folder of the data set");
  }
  if (!options.metadata.empty()) return read_table(options, options.metadata);
  std::vector<Note> notes;
  const Result<std::string> mixture = mixture_folder(options, notes);
  const DataSetLayout layout = options.layout;
  const bool flat = layout == DataSetLayout::folders || layout == DataSetLayout::automatic;
  if (!mixture) {
    if (!flat || options.mixture != MixtureKind::automatic) return mixture.error();
    TESSERA_TRY(DataSet data, read_flat(options));
    data.layout = to_string(DataSetLayout::folders);
    return data;
  }
  const bool named = *mixture != "mix";
  if (layout == DataSetLayout::folders && named) {
    return no_mixtures(options.root,
                       fmt::format("has no folder mix, but {}: that is layout wham", *mixture));
  }
  const fs::path table = table_of(options.root, *mixture);
  if (named && layout != DataSetLayout::wham && is_there(table)) {
    TESSERA_TRY(DataSet data, read_table(options, table));
    data.notes.insert(data.notes.begin(), notes.begin(), notes.end());
    data.notes.push_back({NoteSeverity::info, fmt::format("read from {}", table.string())});
    return data;
  }
  TESSERA_TRY(DataSet data, read_folders(options, *mixture, std::move(notes)));
  data.layout = to_string(layout != DataSetLayout::automatic ? layout
                          : named                            ? DataSetLayout::wham
                                                             : DataSetLayout::folders);
  return data;
}

}  // namespace tessera
