// How the tensors of a model file lie over the graph's [C, H, W]: a file's own dimensions are
// products of factors of those axes, so that arrays in the file's layout can be fed and returned.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tessera/op.h"
#include "tessera/result.h"

namespace tessera {

// One factor of a file dimension: `size` steps of `stride` elements along one axis of the graph
// value.
struct IoFactor {
  Axis axis = Axis::w;
  int64_t size = 1;
  int64_t stride = 1;
  friend bool operator==(const IoFactor&, const IoFactor&) = default;
};

// An input or output as the file declares it. dims[i] is a product of factors, major to minor; a
// dimension of size 1 has none. [1, 2, T] of a separator is {}, {c}, {w}.
struct IoLayout {
  std::string name;
  Shape shape;  // of the graph value
  std::vector<std::vector<IoFactor>> dims;

  std::vector<int64_t> sizes() const;  // the file's dimensions
  std::string to_string() const;       // "[1, time, channels]"
};

// Copies between the file's layout and [C, H, W] row-major. Errors: kInvalidArgument when a span
// does not hold exactly shape.size() values.
Result<void> to_graph_layout(const IoLayout& layout, std::span<const float> file,
                             std::span<float> graph);
Result<void> to_file_layout(const IoLayout& layout, std::span<const float> graph,
                            std::span<float> file);

// [1, C, W] with H = 1, or [1, C, H, W]: how a value without a file of its own is laid out.
IoLayout plain_layout(std::string name, const Shape& shape);

}  // namespace tessera
