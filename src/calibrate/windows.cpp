#include "calibrate/windows.h"

#include "base/counted.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tessera {
namespace {

Result<void> check_window(const std::vector<float>& window, size_t index, int64_t size) {
  const std::string subject = fmt::format("calibration window {}", index);
  if (static_cast<int64_t>(window.size()) != size) {
    return TESSERA_ERROR(
        kInvalidArgument, subject,
        fmt::format("has {}, the network takes {}", counted(window.size(), "value"), size),
        "cut or pad it to the network's input");
  }
  if (!std::all_of(window.begin(), window.end(), [](float x) { return std::isfinite(x); })) {
    return TESSERA_ERROR(kInvalidArgument, subject, "holds NaN or infinity",
                         "leave it out, or repair the recording");
  }
  return {};
}

}  // namespace

Result<void> check_windows(const Graph& legal, std::span<const std::vector<float>> windows) {
  if (windows.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "calibration", "there are no windows",
                         "give recordings that are long and loud enough");
  }
  int64_t size = 0;
  for (NodeId id : legal.inputs()) size += legal.node(id).shape.size();
  bool silent = true;
  for (size_t i = 0; i < windows.size(); ++i) {
    TESSERA_TRY_VOID(check_window(windows[i], i, size));
    silent = silent && is_silent(windows[i]);
  }
  if (silent) {
    return TESSERA_ERROR(kInvalidArgument, "calibration", "every window is silent",
                         "give recordings of what the network will hear");
  }
  return {};
}

std::vector<ConstValues> inputs_of(const Graph& graph, std::span<const float> window) {
  std::vector<ConstValues> inputs;
  for (NodeId id : graph.inputs()) {
    const auto size = static_cast<size_t>(graph.node(id).shape.size());
    inputs.push_back(window.first(std::min(size, window.size())));
    window = window.subspan(inputs.back().size());
  }
  // Too many values are the last input's: running the graph tells.
  if (!inputs.empty()) inputs.back() = {inputs.back().data(), inputs.back().size() + window.size()};
  return inputs;
}

bool is_silent(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return x == 0.0F; });
}

std::vector<size_t> evenly_spread(size_t count, size_t most) {
  const size_t taken = std::min(count, most);
  std::vector<size_t> chosen;
  for (size_t i = 0; i < taken; ++i) chosen.push_back(i * count / taken);
  return chosen;
}

}  // namespace tessera
