#include "cli/input_arrays.h"

#include <fmt/format.h>

namespace tessera::cli {
namespace {

std::vector<int64_t> without_ones(std::vector<int64_t> dims) {
  std::erase(dims, 1);
  return dims;
}

}  // namespace

Result<std::vector<float>> values_for(const Port& port, const IoLayout* layout, NpyArray array,
                                      const std::string& path, Console& console) {
  if (layout != nullptr && without_ones(array.dims) == without_ones(layout->sizes())) {
    std::vector<float> values(array.values.size());
    TESSERA_TRY_VOID(to_graph_layout(*layout, array.values, values));
    return values;
  }
  const auto dims = without_ones(array.dims);
  const Shape& shape = port.shape;
  const bool turned = shape.h == 1 && shape.c > 1 && shape.w > 1 && shape.c != shape.w &&
                      dims == std::vector<int64_t>{shape.w, shape.c};
  if (!turned) {
    const auto fits = check_input_dims(port, array.dims);
    if (!fits) {
      Error error = fits.error();
      error.subject = path;
      return error;
    }
    return std::move(array.values);
  }
  console.note(
      fmt::format("{}: {} was read as [time, channels]", path, dims_to_string(array.dims)));
  std::vector<float> values(array.values.size());
  for (int64_t w = 0; w < shape.w; ++w) {
    for (int64_t c = 0; c < shape.c; ++c) {
      values[static_cast<size_t>(c * shape.w + w)] =
          array.values[static_cast<size_t>(w * shape.c + c)];
    }
  }
  return values;
}

const IoLayout* layout_of(const std::vector<IoLayout>& layouts, size_t port) {
  return port < layouts.size() ? &layouts[port] : nullptr;
}

}  // namespace tessera::cli
