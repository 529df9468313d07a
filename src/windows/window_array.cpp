#include "windows/window_array.h"

#include <fmt/format.h>

#include "graph/window_reading.h"

namespace tessera {

Result<WindowArray> window_array(std::string source, const WindowSet& set, const IoLayout& input) {
  const auto layout = with_frames(input, set.frames);
  if (!layout) {
    return TESSERA_ERROR(
        kInvalidArgument, source,
        fmt::format("holds windows of {} frames, the network takes {}", set.frames, input.shape.w),
        "cut windows of that length");
  }
  WindowArray array;
  array.array.dims = stacked_dims(*layout, static_cast<int64_t>(set.windows.size()));
  array.array.dtype = "<f4";
  for (const std::vector<float>& window : set.windows) {
    const size_t begin = array.array.values.size();
    array.array.values.resize(begin + window.size());
    TESSERA_TRY_VOID(to_file_layout(*layout, window, std::span(array.array.values).subspan(begin)));
  }
  array.source = std::move(source);
  return array;
}

}  // namespace tessera
