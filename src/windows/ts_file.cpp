// .ts: the format of the UCR and UEA archives of time series, as sktime and aeon write it: lines of
// comments (#), of directives (@), then a case a line: dimensions apart by colons, values apart by
// commas, the label last. Format: https://www.timeseriesclassification.com (Bagnall et al.: "The
// UEA multivariate time series classification archive", 2018).
#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/counted.h"
#include "tessera/file.h"
#include "windows/sensor_file.h"
#include "windows/sensor_number.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxTsBytes = uint64_t{256} << 20;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::string_view rest = trimmed_field(line); !rest.empty(); rest = trimmed_field(rest)) {
    const size_t end = rest.find_first_of(" \t");
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end));
  }
  return words;
}

class TsReader {
 public:
  explicit TsReader(const std::filesystem::path& path) : path_(path.string()) {
    file_.holds_windows = true;
  }

  Result<SensorFile> read(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    bool in_data = false;
    for (const std::string_view whole : parts_of(text, '\n')) {
      ++line_;
      const std::string_view line = trimmed_field(whole);
      if (line.empty() || line.front() == '#') continue;
      if (in_data) {
        TESSERA_TRY_VOID(add_case(line));
      } else if (line.front() != '@') {
        return error("a line of data stands before @data");
      } else if (lower_case(line) == "@data") {
        in_data = true;
      } else {
        TESSERA_TRY_VOID(take_directive(words_of(line)));
      }
    }
    if (!in_data) return error("has no line @data");
    if (file_.recordings.empty()) return error("holds no case after @data");
    return std::move(file_);
  }

 private:
  Error error(std::string message) const {
    return TESSERA_ERROR(kCorrupt, fmt::format("{}:{}", path_, line_), std::move(message),
                         "give a .ts file as the UCR and UEA archives have them");
  }
  Error unsupported(std::string message) const {
    return TESSERA_ERROR(kUnsupported, fmt::format("{}:{}", path_, line_), std::move(message),
                         "write equally spaced values without gaps, and a class as the label");
  }

  Result<bool> flag(const std::vector<std::string>& words) const {
    const std::string value = words.size() > 1 ? lower_case(words[1]) : "";
    if (value == "true" || value == "false") return value == "true";
    return error(fmt::format("{} is neither true nor false", words[0]));
  }

  Result<void> take_directive(const std::vector<std::string>& words) {
    const std::string name = lower_case(words[0]);
    if (name == "@timestamps") {
      TESSERA_TRY(const bool stamps, flag(words));
      if (stamps) return unsupported("values have time stamps");
    } else if (name == "@targetlabel") {
      TESSERA_TRY(const bool targets, flag(words));
      if (targets) return unsupported("cases have numbers to be predicted (@targetLabel)");
    } else if (name == "@classlabel") {
      TESSERA_TRY(labelled_, flag(words));
      if (labelled_) classes_.assign(words.begin() + 2, words.end());
    } else if (name == "@dimensions" || name == "@dimension") {
      int64_t count = 0;
      const std::string text = words.size() > 1 ? words[1] : "";
      const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), count);
      if (wrong != std::errc() || end != text.data() + text.size() || count < 1)
        return error(fmt::format("{} '{}' is no count", words[0], text));
      dimensions_ = count;
    }
    return {};
  }

  Result<void> add_case(std::string_view line) {
    std::vector<std::string_view> dimensions = parts_of(line, ':');
    SensorRecording recording{fmt::format("{}:{}", path_, line_), {}, ""};
    if (labelled_) {
      if (dimensions.size() < 2) return error("has no label after its values");
      recording.label = trimmed_field(dimensions.back());
      dimensions.pop_back();
      if (!classes_.empty() &&
          std::find(classes_.begin(), classes_.end(), recording.label) == classes_.end()) {
        return error(fmt::format("'{}' is none of the classes {}", recording.label,
                                 fmt::join(classes_, ", ")));
      }
    }
    const auto width = static_cast<int64_t>(dimensions.size());
    const int64_t expected = dimensions_.value_or(file_.width > 0 ? file_.width : width);
    if (width != expected) {
      return error(fmt::format("has {}, {} expected", counted(width, "dimension"), expected));
    }
    file_.width = width;
    TESSERA_TRY_VOID(add_dimensions(dimensions, recording.rows));
    file_.recordings.push_back(std::move(recording));
    return {};
  }

  Result<void> add_dimensions(const std::vector<std::string_view>& dimensions,
                              std::vector<float>& rows) const {
    const size_t width = dimensions.size();
    for (size_t d = 0; d < width; ++d) {
      const std::vector<std::string_view> fields = parts_of(dimensions[d], ',');
      if (d == 0) rows.resize(width * fields.size());
      if (fields.size() * width != rows.size()) {
        return error(fmt::format("dimension {} has {}, dimension 1 has {}", d + 1,
                                 counted(fields.size(), "value"), rows.size() / width));
      }
      for (size_t t = 0; t < fields.size(); ++t) {
        if (const auto wrong = read_sensor_number(fields[t], rows[t * width + d]))
          return error(fmt::format("dimension {}, value {}: {}", d + 1, t + 1, *wrong));
      }
    }
    return {};
  }

  std::string path_;
  int64_t line_ = 0;
  SensorFile file_;
  bool labelled_ = false;
  std::vector<std::string> classes_;
  std::optional<int64_t> dimensions_;
};

}  // namespace

Result<SensorFile> read_ts_file(const std::filesystem::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxTsBytes));
  return TsReader(path).read({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace tessera
