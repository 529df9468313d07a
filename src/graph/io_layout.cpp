#include "tessera/compiler/graph.h"

#include <array>

#include <fmt/format.h>

namespace tessera {
namespace {

struct Step {
  int64_t size;
  int64_t stride;  // in [C, H, W] row-major
};

std::vector<Step> steps_of(const IoLayout& layout) {
  const std::array<int64_t, 3> axis_stride = {layout.shape.h * layout.shape.w, layout.shape.w, 1};
  std::vector<Step> steps;
  for (const auto& dim : layout.dims) {
    for (const IoFactor& f : dim)
      steps.push_back({f.size, axis_stride[static_cast<size_t>(f.axis)] * f.stride});
  }
  return steps;
}

// Calls visit(file index, graph index) for every element.
template <typename Visit>
Result<void> walk(const IoLayout& layout, size_t file_size, size_t graph_size, Visit visit) {
  const auto expected = static_cast<size_t>(layout.shape.size());
  if (file_size != expected || graph_size != expected) {
    return TESSERA_ERROR(
        kInvalidArgument, layout.name,
        fmt::format("holds {} values, its shape {} needs {}",
                    file_size != expected ? file_size : graph_size, layout.to_string(), expected),
        "");
  }
  const std::vector<Step> steps = steps_of(layout);
  std::vector<int64_t> index(steps.size(), 0);
  size_t at = 0;
  for (size_t i = 0; i < expected; ++i) {
    visit(i, at);
    for (size_t k = steps.size(); k-- > 0;) {
      at += static_cast<size_t>(steps[k].stride);
      if (++index[k] < steps[k].size) break;
      at -= static_cast<size_t>(steps[k].stride * steps[k].size);
      index[k] = 0;
    }
  }
  return {};
}

}  // namespace

std::vector<int64_t> IoLayout::sizes() const {
  std::vector<int64_t> result;
  for (const auto& dim : dims) {
    int64_t size = 1;
    for (const IoFactor& f : dim) size *= f.size;
    result.push_back(size);
  }
  return result;
}

std::string IoLayout::to_string() const {
  std::string text = "[";
  const std::vector<int64_t> size = sizes();
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(size[i]);
    for (const IoFactor& f : dims[i])
      text += fmt::format(" {}", f.axis == Axis::c   ? "channels"
                                 : f.axis == Axis::h ? "devices"
                                                     : "time");
  }
  return text + "]";
}

Result<void> to_graph_layout(const IoLayout& layout, std::span<const float> file,
                             std::span<float> graph) {
  return walk(layout, file.size(), graph.size(), [&](size_t f, size_t g) { graph[g] = file[f]; });
}

Result<void> to_file_layout(const IoLayout& layout, std::span<const float> graph,
                            std::span<float> file) {
  return walk(layout, file.size(), graph.size(), [&](size_t f, size_t g) { file[f] = graph[g]; });
}

IoLayout plain_layout(std::string name, const Shape& shape) {
  IoLayout layout;
  layout.name = std::move(name);
  layout.shape = shape;
  const auto dim = [&](Axis axis, int64_t size) {
    std::vector<IoFactor> factors;
    if (size > 1) factors.push_back({axis, size, 1});
    layout.dims.push_back(std::move(factors));
  };
  layout.dims.emplace_back();
  dim(Axis::c, shape.c);
  if (shape.h > 1) dim(Axis::h, shape.h);
  dim(Axis::w, shape.w);
  return layout;
}

}  // namespace tessera
