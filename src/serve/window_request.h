// Sensor windows in JSON, as clients of a service send them, read without a document in between:
// memory is that of the windows that are expected, whatever is sent.
//
//   {"x": [[ax, ay, az, ...], ...]}                 rows x columns, a row for each frame
//   {"x": [window, window]}                         with several devices: a window of each
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

// What a column of a window may hold: values within -max_abs and max_abs.
struct ChannelRange {
  std::string name;  // "ax"
  std::string unit;  // "m/s^2"
  double max_abs = 0;
};

struct WindowContract {
  int64_t rows = 0;                  // frames of a window
  int64_t columns = 0;               // channels
  int64_t devices = 1;               // windows that are evaluated together
  std::vector<ChannelRange> ranges;  // one for each column, or none
};

// An inertial measurement unit: accelerometer, gyroscope, magnetometer, three axes each.
// |acceleration| <= 500 m/s^2, |rotation| <= 35 rad/s, |field| <= 2000 uT: beyond what such sensors
// can measure.
std::vector<ChannelRange> imu_ranges();

// The values in the order of a graph's input, [columns, devices, rows].
//
// Errors; the subject is the field ("x", "x[3][2]"):
//   kCorrupt          not what the schema says: no JSON, another field, a string, null, NaN, a
//   value out of its range kInvalidArgument  numbers in another shape
Result<std::vector<float>> read_window(std::string_view json, const WindowContract& contract);

// {"x": [WINDOW, ...]}: 1 to `max_windows`, one after the other. Errors: those of read_window();
// kResourceLimit for more windows.
Result<std::vector<std::vector<float>>> read_windows(std::string_view json,
                                                     const WindowContract& contract,
                                                     int64_t max_windows);

// Frames of any number, as they come from sensors that go on.
struct FrameBlock {
  std::string session;  // that they belong to
  int64_t rows = 0;
  std::vector<float> values;  // [columns, devices, rows]
};

// The field "session_id" of a request whose other fields depend on which session it is. Errors:
// kCorrupt where there is none.
Result<std::string> read_session_id(std::string_view json);

// {"session_id": "..", "x": rows}, x as read_window(), with 1 to `max_rows` rows, as many of each
// device. Errors: those of read_window(); kResourceLimit for more rows.
Result<FrameBlock> read_frames(std::string_view json, const WindowContract& contract,
                               int64_t max_rows);

}  // namespace tessera
