// HN, the network as Hailo's parser sees it: the JSON inside a HAR. Tensors are [batch, height,
// width, channels], kernels [height, width, channels in, channels out].
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/op.h"
#include "tessera/result.h"

namespace tessera {

// What a layer's "params" say; absent ones keep these values. Lists are as long as the file says.
struct HnParams {
  std::vector<int64_t> kernel_shape;
  std::vector<int64_t> strides;    // [1, height, width, 1]
  std::vector<int64_t> dilations;  // the same
  std::string padding;             // VALID, SAME, SAME_TENSORFLOW, DECONV
  std::string activation = "linear";
  int64_t groups = 1;
  bool batch_norm = false;
  bool elementwise_add = false;
  bool count_include_pad = true;
  std::vector<int64_t> reduce_axes;
  std::string concat_axis;
  std::vector<int64_t> group_sizes;                 // of an interleaving concat
  std::vector<std::vector<int64_t>> input_repeats;  // per operand: height, width, channels
  std::vector<std::vector<int64_t>> input_tiles;
  std::string feature_multiplier_type;
  std::string resize_method;
  std::vector<double> resize_h, resize_w, resize_f;
  std::vector<int64_t> height_slice, width_slice, features_slice;  // begin, end, step
};

struct HnLayer {
  std::string name;  // "net/conv1"
  std::string type;  // "conv"
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<Shape> input_shapes;   // one per operand
  std::vector<Shape> output_shapes;  // one per reader
  std::vector<std::string> original_names;
  std::string precision_mode;  // "a8_w8_a8"
  std::string bias_mode;
  HnParams params;
  double weights = 0;  // values, as the file counts them
  double macs = 0;

  // What all readers get, where they get the same.
  const Shape& shape() const { return output_shapes.front(); }
};

struct Hn {
  std::string name;
  std::string stage;    // "HN"
  std::string version;  // of the format
  bool transposed = false;
  std::vector<std::string> output_layers_order;
  std::vector<HnLayer> layers;  // in the file's order

  const HnLayer* find(std::string_view layer) const;
  std::map<std::string, int64_t> layers_by_type() const;
};

// `subject` names the file in errors. Errors: kCorrupt with the path of the field; kResourceLimit.
Result<Hn> read_hn(std::span<const uint8_t> json, const std::string& subject);

}  // namespace tessera
