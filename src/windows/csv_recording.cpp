// A recording as a table: a row a frame, a column a channel.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/counted.h"
#include "base/csv.h"
#include "windows/sensor_file.h"
#include "windows/sensor_number.h"

namespace tessera {
namespace {

using CsvRow = std::vector<std::string>;

bool is_number(const std::string& field) {
  float value = 0;
  return !read_sensor_number(field, value) || trimmed_field(field) == "?" ||
         trimmed_field(field).empty();
}

// The first row has names where a field of it is text and no number of any kind.
bool has_column_names(const CsvRow& first) {
  return std::any_of(first.begin(), first.end(), [](const std::string& field) {
    const std::string_view text = trimmed_field(field);
    const bool not_finite = text == "nan" || text == "NaN" || text == "NAN" || text == "inf" ||
                            text == "-inf" || text == "Inf" || text == "-Inf";
    return !is_number(field) && !not_finite;
  });
}

class CsvColumns {
 public:
  CsvColumns(const std::filesystem::path& path, const CsvRow& first,
             const WindowFileOptions& options)
      : path_(path.string()), width_(first.size()), options_(options) {
    if (!has_column_names(first)) return;
    for (const std::string& name : first) names_.emplace_back(trimmed_field(name));
  }

  bool has_names() const { return !names_.empty(); }

  // Which columns hold the channels, in the network's order.
  Result<std::vector<size_t>> choose(std::vector<Note>& notes) const {
    if (!options_.columns.empty()) return choose_named(options_.columns);
    const auto wanted = static_cast<size_t>(options_.channels * options_.devices);
    // The names of one device's channels find those of one device only.
    if (has_names() && options_.devices == 1 && !options_.channel_names.empty()) {
      if (auto found = choose_named(options_.channel_names)) {
        note_left_out(*found, notes);
        return found;
      } else if (width_ != wanted || shares_names()) {
        return found;
      }
      notes.push_back(
          {NoteSeverity::warning,
           fmt::format("{}: columns {} are taken for channels {} by their order", path_,
                       fmt::join(names_, ","), fmt::join(options_.channel_names, ","))});
    }
    if (width_ != wanted) {
      return TESSERA_ERROR(
          kInvalidArgument, path_,
          fmt::format("has {}, the network takes {}", counted(width_, "column"), wanted_text()),
          "name the columns to read in WindowFileOptions::columns");
    }
    std::vector<size_t> all(wanted);
    for (size_t i = 0; i < wanted; ++i) all[i] = i;
    return all;
  }

 private:
  std::string wanted_text() const {
    if (options_.devices == 1) return counted(options_.channels, "channel");
    return fmt::format("{} of each of {} devices", counted(options_.channels, "channel"),
                       options_.devices);
  }

  // Some of the network's channels are there, so that the others are missing.
  bool shares_names() const {
    return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
      return std::find(options_.channel_names.begin(), options_.channel_names.end(), name) !=
             options_.channel_names.end();
    });
  }

  void note_left_out(const std::vector<size_t>& chosen, std::vector<Note>& notes) const {
    std::vector<std::string> left;
    for (size_t i = 0; i < names_.size(); ++i) {
      if (std::find(chosen.begin(), chosen.end(), i) == chosen.end()) left.push_back(names_[i]);
    }
    if (left.empty()) return;
    notes.push_back({NoteSeverity::info, fmt::format("{}: {} {} not read", path_,
                                                     noun_for(left.size(), "column", "columns"),
                                                     fmt::join(left, ", "))});
  }

  Result<std::vector<size_t>> choose_named(const std::vector<std::string>& wanted) const {
    const auto count = static_cast<size_t>(options_.channels * options_.devices);
    if (wanted.size() != count) {
      return TESSERA_ERROR(kInvalidArgument, "WindowFileOptions::columns",
                           fmt::format("names {}, the network takes {}",
                                       counted(wanted.size(), "column"), wanted_text()),
                           "name one for each channel, device by device");
    }
    std::vector<size_t> chosen;
    for (const std::string& name : wanted) {
      TESSERA_TRY(const size_t column, find(name));
      chosen.push_back(column);
    }
    return chosen;
  }

  // By name, else by number from 1.
  Result<size_t> find(const std::string& name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found != names_.end()) {
      if (std::find(found + 1, names_.end(), name) != names_.end()) {
        return TESSERA_ERROR(kInvalidArgument, path_, fmt::format("names column '{}' twice", name),
                             "name columns by their numbers in WindowFileOptions::columns");
      }
      return static_cast<size_t>(found - names_.begin());
    }
    size_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) {
      if (number >= 1 && number <= width_) return number - 1;
      return TESSERA_ERROR(kInvalidArgument, path_,
                           fmt::format("has no column {}: it has {}", number, width_),
                           "columns are counted from 1");
    }
    return TESSERA_ERROR(
        kInvalidArgument, path_,
        has_names()
            ? fmt::format("has no column '{}'; its columns are {}", name, fmt::join(names_, ", "))
            : fmt::format("has no column '{}': its first row has no names", name),
        "name the columns to read in WindowFileOptions::columns");
  }

  std::string path_;
  size_t width_;
  const WindowFileOptions& options_;
  std::vector<std::string> names_;
};

}  // namespace

Result<SensorFile> read_csv_recording(const std::filesystem::path& path,
                                      const WindowFileOptions& options) {
  TESSERA_TRY(const std::vector<CsvRow> table, read_csv_rows(path));
  if (table.empty()) {
    return TESSERA_ERROR(kCorrupt, path.string(), "holds no row",
                         "give a table with a row for each frame");
  }
  SensorFile file;
  const CsvColumns columns(path, table.front(), options);
  TESSERA_TRY(const std::vector<size_t> chosen, columns.choose(file.notes));
  SensorRecording recording{path.string(), {}, ""};
  const size_t first = columns.has_names() ? 1 : 0;
  for (size_t r = first; r < table.size(); ++r) {
    const CsvRow& row = table[r];
    if (row.size() != table.front().size()) {
      return TESSERA_ERROR(kCorrupt, path.string(),
                           fmt::format("row {} has {}, the first row {}", r + 1,
                                       counted(row.size(), "field"), table.front().size()),
                           "give each row as many fields");
    }
    for (const size_t column : chosen) {
      float value = 0;
      if (const auto wrong = read_sensor_number(row[column], value)) {
        return TESSERA_ERROR(kCorrupt, path.string(),
                             fmt::format("row {}, column {}: {}", r + 1, column + 1, *wrong),
                             "mend the recording, or leave this part of it out");
      }
      recording.rows.push_back(value);
    }
  }
  if (recording.rows.empty()) {
    return TESSERA_ERROR(kCorrupt, path.string(), "holds names of columns and no row of numbers",
                         "give a table with a row for each frame");
  }
  file.width = static_cast<int64_t>(chosen.size());
  file.recordings.push_back(std::move(recording));
  return file;
}

}  // namespace tessera
