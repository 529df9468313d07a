// Windows as services get them: {"x": rows}.
#include <fmt/format.h>

#include "base/counted.h"
#include "base/json_fields.h"
#include "tessera/file.h"
#include "windows/sensor_file.h"
#include "windows/sensor_number.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxJsonBytes = uint64_t{64} << 20;

Error json_error(const std::string& where, std::string message) {
  return TESSERA_ERROR(kCorrupt, where, std::move(message),
                       R"(give {"x": [[...], ...]}: a row of numbers for each frame)");
}

bool is_list_of_lists(const Json& json) {
  return json.is_array() && !json.empty() && json.front().is_array();
}

class JsonWindows {
 public:
  explicit JsonWindows(SensorFile& file) : file_(file) {}

  // A window, an object that holds it or several, or a list of these.
  Result<void> add_all(const Json& json, const std::string& where, const std::string& label) {
    if (json.is_object()) return add_object(json, where);
    if (!json.is_array()) return json_error(where, "is neither a list nor an object with \"x\"");
    if (json.empty()) return json_error(where, "is empty");
    const bool several = json.front().is_object() || is_list_of_lists(json.front());
    if (!several) return add_window(json, where, label);
    for (size_t i = 0; i < json.size(); ++i) {
      const std::string element = fmt::format("{}[{}]", where, i);
      // Of the same kind as the first: lists nest no deeper than rows of a window in a list.
      const bool alike = json.front().is_object() ? json[i].is_object() : json[i].is_array();
      if (!alike) return json_error(element, "is of another kind than the first");
      if (json[i].is_object()) {
        TESSERA_TRY_VOID(add_object(json[i], element));
      } else {
        TESSERA_TRY_VOID(add_window(json[i], element, label));
      }
    }
    return {};
  }

 private:
  Result<void> add_object(const Json& json, const std::string& where) {
    const auto x = json.find("x");
    if (x == json.end()) return json_error(where, "has no \"x\"");
    std::string label;
    if (const auto named = json.find("label"); named != json.end()) {
      if (!named->is_string()) return json_error(where + ".label", "is not a string");
      label = named->get<std::string>();
    }
    const std::string field = where + ".x";
    if (!x->is_array()) return json_error(field, "is not a list of rows");
    if (x->empty()) return json_error(field, "is empty");
    if (x->front().is_object()) return json_error(field, "is not a list of rows");
    return add_all(*x, field, label);
  }

  Result<void> add_window(const Json& rows, const std::string& where, const std::string& label) {
    if (rows.empty()) return json_error(where, "is empty");
    SensorRecording recording{where, {}, label};
    for (size_t r = 0; r < rows.size(); ++r) {
      const std::string row_name = fmt::format("{}[{}]", where, r);
      const Json& row = rows[r];
      if (!row.is_array()) return json_error(row_name, "is not a list of numbers");
      if (row.empty()) return json_error(row_name, "is empty");
      const auto width = static_cast<int64_t>(row.size());
      if (file_.width == 0) file_.width = width;
      if (width != file_.width) {
        return json_error(row_name, fmt::format("holds {}, the first row {}",
                                                counted(width, "number"), file_.width));
      }
      TESSERA_TRY_VOID(add_row(row, row_name, recording.rows));
    }
    file_.recordings.push_back(std::move(recording));
    return {};
  }

  static Result<void> add_row(const Json& row, const std::string& where,
                              std::vector<float>& values) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string place = fmt::format("{}[{}]", where, i);
      if (!row[i].is_number()) {
        return json_error(
            place, row[i].is_null() ? "is null (NaN?), which is no number" : "is not a number");
      }
      float value = 0;
      if (const auto wrong = check_sensor_number(row[i].get<double>(), value))
        return json_error(place, *wrong);
      values.push_back(value);
    }
    return {};
  }

  SensorFile& file_;
};

}  // namespace

Result<SensorFile> read_json_windows(const std::filesystem::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxJsonBytes));
  if (bytes.empty()) return json_error(path.string(), "the file is empty");
  TESSERA_TRY(const Json json, parse_json(bytes, path.string()));
  SensorFile file;
  file.holds_windows = true;
  TESSERA_TRY_VOID(JsonWindows(file).add_all(json, path.string(), ""));
  return file;
}

}  // namespace tessera
