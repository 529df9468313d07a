#include "serve/window_request.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/counted.h"

namespace tessera {
namespace {

constexpr std::string_view kField = "x";
constexpr std::string_view kSessionField = "session_id";
constexpr size_t kMaxSessionCharacters = 128;
constexpr size_t kMaxDepth = 4;  // windows, devices, rows, columns

// Receives JSON token by token and keeps numbers of "x" only. Type errors end it at once; errors of
// shape wait for the end, since the whole extent is worth telling, and since a wrong type is the
// more fundamental mistake.
class WindowReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  WindowReader(const WindowContract& contract, std::optional<int64_t> max_windows)
      : contract_(contract), max_windows_(max_windows) {
    if (max_windows) names_.emplace_back("windows");
    if (contract.devices > 1) names_.emplace_back("devices");
    names_.emplace_back("rows");
    names_.emplace_back("columns");
    if (max_windows) extents_.push_back(-1);
    if (contract.devices > 1) extents_.push_back(contract.devices);
    extents_.push_back(contract.rows);
    extents_.push_back(contract.columns);
  }

  // Takes contract.rows rows at most instead of exactly so many; of several devices as many each.
  // There is then a second field, "session_id".
  void take_fewer_rows() { takes_fewer_rows_ = true; }
  const std::optional<std::string>& session() const { return session_; }
  int64_t rows() const { return rows_.value_or(0); }

  Result<std::vector<std::vector<float>>> take(bool parsed) {
    if (error_) return *error_;
    if (!parsed) return schema_error("", "is not JSON");
    if (!seen_) return schema_error(std::string(kField), "is missing");
    if (shape_error_) return *shape_error_;
    return std::move(windows_);
  }

  bool null() override { return refuse("null"); }
  bool boolean(bool) override { return refuse("true or false"); }
  bool number_integer(number_integer_t value) override {
    return number(static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return number(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return number(value); }
  bool string(string_t& text) override {
    if (!in_session_) return refuse("a string");
    in_session_ = false;
    session_ = text.substr(0, kMaxSessionCharacters);
    return true;
  }
  bool binary(binary_t&) override { return refuse("binary data"); }

  bool start_object(std::size_t) override {
    if (in_object_) return refuse("an object");
    in_object_ = true;
    return true;
  }
  bool key(string_t& name) override {
    if (takes_fewer_rows_ && name == kSessionField && !session_) {
      in_session_ = true;
      return true;
    }
    if (name != kField)
      return fail(schema_error(
          printable_name(name),
          takes_fewer_rows_
              ? "is no field of this request, or is there twice; it has \"session_id\" and \"x\""
              : "is no field of this request; the one field is \"x\""));
    if (seen_) return fail(schema_error(std::string(kField), "is there twice"));
    seen_ = true;
    return true;
  }
  bool end_object() override { return true; }

  bool start_array(std::size_t) override {
    if (in_session_ || !in_object_) return refuse("an array");
    if (depth_ == names_.size()) return refuse("an array");
    index_[depth_++] = 0;
    if (max_windows_ && depth_ == 2) return begin_window();
    if (!max_windows_ && depth_ == 1) return begin_window();
    return true;
  }
  bool end_array() override {
    --depth_;
    const int64_t count = index_[depth_];
    if (takes_fewer_rows_ && depth_ + 2 == names_.size()) return end_rows(count);
    const int64_t expected = extents_[depth_];
    if (expected < 0 && count == 0 && !shape_error_)
      shape_error_ = shape_error("holds no windows", "send one window at least");
    if (expected >= 0 && count != expected && !shape_error_) {
      shape_error_ = shape_error(
          fmt::format("has {} {}; the network takes {}", count, names_[depth_], expected),
          shape_hint());
    }
    if (depth_ > 0) ++index_[depth_ - 1];
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    constexpr int kNumberOutOfRange = 406;
    if (error.id == kNumberOutOfRange)
      return fail(schema_error(
          path(), fmt::format("is {}, beyond what a number may be", printable_name(token))));
    return fail(schema_error(
        path(), position <= 1 && token.empty()
                    ? std::string("is empty; JSON is expected")
                    : fmt::format("is not JSON at byte {} (NaN and Infinity are no JSON either)",
                                  position)));
  }

 private:
  static std::string printable_name(const std::string& name) {
    std::string text;
    for (const char c : name.substr(0, 40)) text += c < 0x20 || c == 0x7f ? '?' : c;
    return text;
  }

  // Where the next value lies.
  std::string path() const {
    if (!seen_) return "body";
    std::string text(kField);
    for (size_t i = 0; i < depth_; ++i) text += fmt::format("[{}]", index_[i]);
    return text;
  }
  std::string shape_hint() const {
    if (takes_fewer_rows_) return fmt::format("send rows of {} numbers", contract_.columns);
    const std::string one = fmt::format("{} rows of {} numbers", contract_.rows, contract_.columns);
    return contract_.devices == 1 ? "send " + one
                                  : fmt::format("send {} windows of {}", contract_.devices, one);
  }

  static Error schema_error(const std::string& field, const std::string& what) {
    return TESSERA_ERROR(kCorrupt, field.empty() ? "body" : field, what,
                         "GET /openapi.json shows the schema");
  }
  Error shape_error(const std::string& what, const std::string& hint) const {
    std::string field(kField);
    for (size_t i = 0; i < depth_; ++i) field += fmt::format("[{}]", index_[i]);
    return TESSERA_ERROR(kInvalidArgument, field, what, hint);
  }

  bool fail(Error error) {
    if (!error_) error_ = std::move(error);
    return false;
  }
  bool refuse(std::string_view what) {
    if (in_session_)
      return fail(schema_error(std::string(kSessionField),
                               fmt::format("is {}; a string is expected", what)));
    const std::string_view wanted = !in_object_               ? "an object"
                                    : depth_ == names_.size() ? "a number"
                                                              : "an array";
    return fail(schema_error(path(), fmt::format("is {}; {} is expected", what, wanted)));
  }

  bool begin_window() {
    if (max_windows_ && index_[0] >= *max_windows_) {
      return fail(TESSERA_ERROR(kResourceLimit, std::string(kField),
                                fmt::format("holds more than {}", counted(*max_windows_, "window")),
                                "send fewer windows at a time"));
    }
    windows_.emplace_back(
        static_cast<size_t>(contract_.rows * contract_.columns * contract_.devices));
    return true;
  }

  bool end_rows(int64_t count) {
    if (count > contract_.rows) {
      return fail(TESSERA_ERROR(kResourceLimit, path(),
                                fmt::format("has more than {} rows", contract_.rows),
                                "send fewer rows at a time"));
    }
    const bool differs = rows_ && *rows_ != count;
    if ((count == 0 || differs) && !shape_error_) {
      shape_error_ =
          differs ? shape_error(fmt::format("has {} rows; the device before has {}", count, *rows_),
                                "send as many rows of each device")
                  : shape_error("has no rows", "send one row at least");
    }
    if (!rows_) rows_ = count;
    if (depth_ > 0) ++index_[depth_ - 1];
    return true;
  }

  bool number(double value) {
    if (in_session_ || !in_object_ || depth_ != names_.size()) return refuse("a number");
    const int64_t column = index_[depth_ - 1];
    const int64_t row = index_[depth_ - 2];
    const int64_t device = contract_.devices > 1 ? index_[depth_ - 3] : 0;
    const bool fits =
        column < contract_.columns && row < contract_.rows && device < contract_.devices;
    if (fits) {
      const auto narrow = static_cast<float>(value);
      if (!std::isfinite(narrow))
        return fail(schema_error(path(), fmt::format("is {}, beyond a float of 32 bits", value)));
      if (!contract_.ranges.empty() &&
          !in_range(value, contract_.ranges[static_cast<size_t>(column)]))
        return false;
      windows_.back()[static_cast<size_t>((column * contract_.devices + device) * contract_.rows +
                                          row)] = narrow;
    }
    ++index_[depth_ - 1];
    return true;
  }

  bool in_range(double value, const ChannelRange& range) {
    if (std::abs(value) <= range.max_abs) return true;
    return fail(TESSERA_ERROR(
        kCorrupt, path(),
        fmt::format("is {:g}; {} lies within -{:g} and {:g} {}", value, range.name, range.max_abs,
                    range.max_abs, range.unit),
        "send values in these units, not normalised and not raw codes of the sensor"));
  }

  const WindowContract& contract_;
  const std::optional<int64_t> max_windows_;
  std::vector<std::string_view> names_;  // of the levels of arrays
  std::vector<int64_t> extents_;         // that they must have; -1: any
  std::vector<std::vector<float>> windows_;
  bool in_object_ = false;
  bool seen_ = false;
  bool takes_fewer_rows_ = false;
  bool in_session_ = false;  // its value is next
  std::optional<std::string> session_;
  std::optional<int64_t> rows_;  // of the first device, where the count is free
  size_t depth_ = 0;
  int64_t index_[kMaxDepth] = {};
  std::optional<Error> error_;
  std::optional<Error> shape_error_;
};

// Ends as soon as it has the name of the session; keeps nothing else.
class SessionFinder : public nlohmann::json_sax<nlohmann::json> {
 public:
  const std::optional<std::string>& found() const { return found_; }

  bool null() override { return other(); }
  bool boolean(bool) override { return other(); }
  bool number_integer(number_integer_t) override { return other(); }
  bool number_unsigned(number_unsigned_t) override { return other(); }
  bool number_float(number_float_t, const string_t&) override { return other(); }
  bool binary(binary_t&) override { return other(); }
  bool string(string_t& text) override {
    if (!is_next_) return true;
    found_ = text.substr(0, kMaxSessionCharacters);
    return false;
  }
  bool start_object(std::size_t) override {
    ++depth_;
    return other();
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    ++depth_;
    return other();
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    is_next_ = depth_ == 1 && name == kSessionField;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool other() { return !is_next_; }

  std::optional<std::string> found_;
  bool is_next_ = false;
  int64_t depth_ = 0;
};

Result<std::vector<std::vector<float>>> read(std::string_view json, const WindowContract& contract,
                                             std::optional<int64_t> max_windows) {
  WindowReader reader(contract, max_windows);
  const bool parsed = nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  return reader.take(parsed);
}

}  // namespace

std::vector<ChannelRange> imu_ranges() {
  constexpr double kMaxAcceleration = 500;
  constexpr double kMaxRotation = 35;
  constexpr double kMaxField = 2000;
  std::vector<ChannelRange> ranges;
  for (const char* name : {"ax", "ay", "az"}) ranges.push_back({name, "m/s^2", kMaxAcceleration});
  for (const char* name : {"gx", "gy", "gz"}) ranges.push_back({name, "rad/s", kMaxRotation});
  for (const char* name : {"mx", "my", "mz"}) ranges.push_back({name, "uT", kMaxField});
  return ranges;
}

Result<std::vector<float>> read_window(std::string_view json, const WindowContract& contract) {
  TESSERA_TRY(auto windows, read(json, contract, std::nullopt));
  return std::move(windows.front());
}

Result<std::vector<std::vector<float>>> read_windows(std::string_view json,
                                                     const WindowContract& contract,
                                                     int64_t max_windows) {
  return read(json, contract, max_windows);
}

Result<std::string> read_session_id(std::string_view json) {
  SessionFinder finder;
  nlohmann::json::sax_parse(json.begin(), json.end(), &finder);
  if (finder.found()) return *finder.found();
  return TESSERA_ERROR(kCorrupt, std::string(kSessionField),
                       "is missing, no string, or behind what is no JSON",
                       "send the session_id that the start of the analysis gave, before \"x\"");
}

Result<FrameBlock> read_frames(std::string_view json, const WindowContract& contract,
                               int64_t max_rows) {
  WindowContract most = contract;
  most.rows = max_rows;
  WindowReader reader(most, std::nullopt);
  reader.take_fewer_rows();
  const bool parsed = nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  TESSERA_TRY(const auto windows, reader.take(parsed));
  if (!reader.session())
    return TESSERA_ERROR(kCorrupt, std::string(kSessionField), "is missing",
                         "send the session_id that the start of the analysis gave");
  FrameBlock block{*reader.session(), reader.rows(), {}};
  const int64_t series = contract.columns * contract.devices;
  block.values.reserve(static_cast<size_t>(series * block.rows));
  for (int64_t i = 0; i < series; ++i) {
    const auto begin = windows.front().begin() + static_cast<ptrdiff_t>(i * max_rows);
    block.values.insert(block.values.end(), begin, begin + static_cast<ptrdiff_t>(block.rows));
  }
  return block;
}

}  // namespace tessera
