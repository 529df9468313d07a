#include "graph/window_reading.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "tessera/compiler/tensor.h"

namespace tessera {
namespace {

constexpr int64_t kAnyFrames = -1;

using Dims = std::vector<int64_t>;

bool is_time(const std::vector<IoFactor>& dim, const Shape& shape) {
  return dim.size() == 1 && dim[0] == IoFactor{Axis::w, shape.w, 1};
}

bool has_batch(const IoLayout& layout) {
  return !layout.dims.empty() && layout.dims[0].empty();
}

// Sizes of a layout's dimensions, kAnyFrames for the whole of time.
Dims pattern_of(const IoLayout& layout) {
  Dims pattern = layout.sizes();
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (is_time(layout.dims[i], layout.shape)) pattern[i] = kAnyFrames;
  }
  return pattern;
}

Dims without_ones(std::span<const int64_t> dims) {
  Dims kept(dims.begin(), dims.end());
  std::erase(kept, 1);
  return kept;
}

// The frames that dimensions give a pattern; none where they do not fit it.
std::optional<int64_t> matched(std::span<const int64_t> dims, std::span<const int64_t> pattern,
                               int64_t frames) {
  if (dims.size() != pattern.size()) return std::nullopt;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (pattern[i] == kAnyFrames) {
      frames = dims[i];
    } else if (pattern[i] != dims[i]) {
      return std::nullopt;
    }
  }
  return frames;
}

class Readings {
 public:
  explicit Readings(std::span<const int64_t> dims) : dims_(dims) {}

  void add_all(const IoLayout& layout, bool time_first) {
    const Dims pattern = pattern_of(layout);
    const auto behind = [&](std::span<const int64_t> all) { return all.subspan(1); };
    const std::span<const int64_t> whole(pattern);
    const bool batch = has_batch(layout);
    if (batch && dims_.size() == pattern.size()) {
      add(layout, matched(behind(dims_), behind(whole), layout.shape.w), dims_[0], dims_[0] != 1,
          time_first);
    }
    if (dims_.size() == pattern.size() + 1)
      add(layout, matched(behind(dims_), whole, layout.shape.w), dims_[0], true, time_first);
    const Dims essential = without_ones(pattern);
    add(layout, matched(without_ones(dims_), essential, layout.shape.w), 1, false, time_first);
    if (!dims_.empty()) {
      add(layout, matched(without_ones(behind(dims_)), essential, layout.shape.w), dims_[0],
          dims_[0] != 1, time_first);
    }
  }

  std::vector<WindowReading> take() { return std::move(readings_); }

 private:
  void add(const IoLayout& layout, std::optional<int64_t> frames, int64_t windows, bool stacked,
           bool time_first) {
    if (!frames) return;
    auto window = with_frames(layout, *frames);
    if (window) readings_.push_back({windows, stacked, std::move(*window), time_first});
  }

  std::span<const int64_t> dims_;
  std::vector<WindowReading> readings_;
};

// [1, H, W, C], H only where there are several devices.
IoLayout channels_last(const IoLayout& plain) {
  IoLayout time_first = plain;
  std::rotate(time_first.dims.begin() + 1, time_first.dims.begin() + 2, time_first.dims.end());
  return time_first;
}

// The file's, the graph's, and with channels last.
constexpr size_t kTurned = 2;
std::vector<IoLayout> layouts_of(const IoLayout& input) {
  const IoLayout plain = plain_layout(input.name, input.shape);
  std::vector<IoLayout> layouts{input, plain};
  if (input.shape.c > 1) layouts.push_back(channels_last(plain));
  return layouts;
}

// "time" and the like: what a dimension of a layout counts.
std::string axis_word(const IoLayout& layout, size_t index) {
  const std::vector<IoFactor>& dim = layout.dims[index];
  if (dim.empty()) return index == 0 ? "the batch" : layout.shape.c == 1 ? "channels" : "devices";
  switch (dim[0].axis) {
    case Axis::c: return "channels";
    case Axis::h: return "devices";
    case Axis::w: break;
  }
  return "time";
}

// A way to lay an array's dimensions over a layout's, and the one dimension that is wrong then.
struct Alignment {
  size_t array_dim = 0;
  size_t layout_dim = 0;
};

// Where exactly one dimension of a window disagrees. `skipped` leading dimensions of the array
// count windows; ones are left out on both sides where `essential`.
std::optional<Alignment> only_misfit(std::span<const int64_t> dims, const Dims& sizes,
                                     size_t skipped_of_array, size_t skipped_of_layout,
                                     bool essential) {
  std::vector<size_t> array_dims;
  std::vector<size_t> layout_dims;
  for (size_t i = skipped_of_array; i < dims.size(); ++i) {
    if (!essential || dims[i] != 1) array_dims.push_back(i);
  }
  for (size_t i = skipped_of_layout; i < sizes.size(); ++i) {
    if (!essential || sizes[i] != 1) layout_dims.push_back(i);
  }
  if (array_dims.size() != layout_dims.size()) return std::nullopt;
  std::optional<Alignment> misfit;
  for (size_t k = 0; k < array_dims.size(); ++k) {
    const int64_t size = sizes[layout_dims[k]];
    if (size == kAnyFrames || size == dims[array_dims[k]]) continue;
    if (misfit) return std::nullopt;
    misfit = Alignment{array_dims[k], layout_dims[k]};
  }
  return misfit;
}

std::optional<Alignment> misfit_of(std::span<const int64_t> dims, const IoLayout& layout,
                                   bool any_frames) {
  const Dims sizes = any_frames ? pattern_of(layout) : layout.sizes();
  if (has_batch(layout) && dims.size() == sizes.size()) {
    if (const auto found = only_misfit(dims, sizes, 1, 1, false)) return found;
  }
  if (dims.size() == sizes.size() + 1) {
    if (const auto found = only_misfit(dims, sizes, 1, 0, false)) return found;
  }
  if (const auto found = only_misfit(dims, sizes, 0, 0, true)) return found;
  return dims.empty() ? std::nullopt : only_misfit(dims, sizes, 1, 0, true);
}

// "[1, 40 time, 6 channels]", or "[1, time, 6 channels]" where every length will do.
std::string taken_text(const IoLayout& input, bool any_frames) {
  if (!any_frames) return input.to_string();
  std::string text;
  for (size_t i = 0; i < input.dims.size(); ++i) {
    const bool time = is_time(input.dims[i], input.shape);
    const std::string size = std::to_string(input.sizes()[i]);
    text += i == 0 ? "[" : ", ";
    text += time ? "time" : input.dims[i].empty() ? size : size + " " + axis_word(input, i);
  }
  return text + "]";
}

}  // namespace

std::optional<IoLayout> with_frames(const IoLayout& layout, int64_t frames) {
  if (frames == layout.shape.w) return layout;
  IoLayout other = layout;
  other.shape.w = frames;
  bool found = false;
  for (auto& dim : other.dims) {
    if (!is_time(dim, layout.shape)) continue;
    found = true;
    // A dimension of 1 has no factors.
    dim = frames == 1 ? std::vector<IoFactor>{} : std::vector{IoFactor{Axis::w, frames, 1}};
  }
  return found ? std::optional(std::move(other)) : std::nullopt;
}

std::vector<WindowReading> readings_of(std::span<const int64_t> dims, const IoLayout& input) {
  Readings readings(dims);
  const std::vector<IoLayout> layouts = layouts_of(input);
  for (size_t i = 0; i < layouts.size(); ++i) readings.add_all(layouts[i], i == kTurned);
  return readings.take();
}

Result<std::vector<float>> window_of(std::span<const float> values, const WindowReading& reading,
                                     int64_t n) {
  const auto size = static_cast<size_t>(reading.layout.shape.size());
  if (n < 0 || n >= reading.windows ||
      values.size() != size * static_cast<size_t>(reading.windows)) {
    return TESSERA_ERROR(kInvalidArgument, reading.layout.name,
                         fmt::format("{} values hold no window {} of {} of {}", values.size(), n,
                                     reading.windows, reading.layout.to_string()),
                         "");
  }
  std::vector<float> window(size);
  TESSERA_TRY_VOID(
      to_graph_layout(reading.layout, values.subspan(static_cast<size_t>(n) * size, size), window));
  return window;
}

std::string misfit_text(std::span<const int64_t> dims, const IoLayout& input, bool any_frames) {
  const std::string array = dims_to_string(dims);
  // At the input's own length first: it tells time from channels.
  for (const bool any : {false, true}) {
    if (any && !any_frames) break;
    for (const IoLayout& layout : layouts_of(input)) {
      const auto wrong = misfit_of(dims, layout, any);
      if (!wrong || (any_frames && is_time(layout.dims[wrong->layout_dim], layout.shape))) continue;
      return fmt::format("has {} along {}, dimension {} of {}; the network takes {}",
                         dims[wrong->array_dim], axis_word(layout, wrong->layout_dim),
                         wrong->array_dim, array, layout.sizes()[wrong->layout_dim]);
    }
  }
  return fmt::format("holds an array {}, the network takes {}, or several of these in a stack",
                     array, taken_text(input, any_frames));
}

std::vector<int64_t> stacked_dims(const IoLayout& layout, int64_t windows) {
  std::vector<int64_t> dims = layout.sizes();
  if (has_batch(layout)) {
    dims[0] = windows;
  } else {
    dims.insert(dims.begin(), windows);
  }
  return dims;
}

}  // namespace tessera
