#include "model/onnx/input_layout.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/counted.h"
#include "model/onnx/printable.h"
#include "model/onnx/proto.h"

namespace tessera::onnx_import {
namespace {

// One letter per dim: b(atch), c, h, w.
std::vector<std::string> orders(const Dims& dims) {
  switch (dims.size()) {
    case 1: return {"w"};
    case 2: return {"bw", "bc"};
    case 3:
      if (dims[1] < 1 && dims[2] > 0) return {"bwc", "bcw"};  // an open length is time
      return {"bcw", "bwc"};
    case 4:
      if (dims[3] == 1 && dims[2] != 1) return {"bcwh", "bchw", "bwhc", "bhwc"};
      return {"bchw", "bcwh", "bwhc", "bhwc"};
    default: return {};
  }
}

std::string axes_text(const std::string& order) {
  std::string text = "[";
  for (size_t i = 0; i < order.size(); ++i) {
    if (i > 0) text += ", ";
    text += order[i] == 'b'   ? "batch"
            : order[i] == 'c' ? "channels"
            : order[i] == 'h' ? "devices"
                              : "time";
  }
  return text + "]";
}

Result<InputLayout> lay(const std::string& name, const Dims& dims, const std::string& order,
                        const ReadOptions& options) {
  InputLayout layout;
  layout.shape = {1, 1, 1};
  int64_t rows = 1;
  layout.notes.push_back(fmt::format("input '{}' is read as {}", name, axes_text(order)));
  for (size_t i = 0; i < dims.size(); ++i) {
    int64_t size = dims[i];
    switch (order[i]) {
      case 'b':
        rows = std::max<int64_t>(size, 1);
        if (rows > 1) {
          layout.notes.push_back(fmt::format(
              "input '{}' is exported for batches of {}, whose rows nothing mixes: read "
              "as a batch of 1",
              name, rows));
        }
        break;
      case 'c':
        if (size < 1)
          layout.notes.push_back(fmt::format("input '{}' leaves its channels open: 1 taken", name));
        layout.shape.c = std::max<int64_t>(size, 1);
        break;
      case 'h': layout.shape.h = std::max<int64_t>(size, 1); break;
      default:
        if (size < 1) {
          layout.open_length = true;
          size = options.length.value_or(options.default_length);
          if (!options.length)
            layout.notes.push_back(
                fmt::format("input '{}' leaves its length open: {} taken", name, size));
        } else if (options.length && *options.length != size) {
          layout.refusal = TESSERA_ERROR(
              kInvalidArgument, fmt::format("input '{}'", name),
              fmt::format("is exported for a length of {}, {} was asked for", size,
                          *options.length),
              "ask for no other length, or export the model with an open time dimension");
        }
        layout.shape.w = size;
    }
  }
  for (char letter : order) {
    layout.view.push_back(letter == 'b'   ? batch_of(rows)
                          : letter == 'c' ? whole(layout.shape, Axis::c)
                          : letter == 'h' ? whole(layout.shape, Axis::h)
                                          : whole(layout.shape, Axis::w));
  }
  return layout;
}

}  // namespace

Result<std::vector<InputLayout>> input_layouts(const onnx::ValueInfoProto& info,
                                               const ReadOptions& options) {
  const std::string subject = fmt::format("input '{}'", printable(info.name()));
  if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) {
    return TESSERA_ERROR(kUnsupported, subject, "has no shape in the file",
                         "run onnx.shape_inference or export it again");
  }
  const auto& tensor = info.type().tensor_type();
  if (tensor.elem_type() != onnx::TensorProto::FLOAT &&
      tensor.elem_type() != onnx::TensorProto::FLOAT16 &&
      tensor.elem_type() != onnx::TensorProto::BFLOAT16 &&
      tensor.elem_type() != onnx::TensorProto::DOUBLE) {
    return TESSERA_ERROR(kUnsupported, subject, "is not a tensor of floats",
                         "models with flags or lengths as inputs are not read");
  }
  Dims dims;
  for (const auto& dim : tensor.shape().dim()) {
    const int64_t size = dim.has_dim_value() ? dim.dim_value() : 0;
    if (size < 0 || size > (int64_t{1} << 34))
      return TESSERA_ERROR(kInvalidModel, subject, fmt::format("has a dimension of {}", size), "");
    dims.push_back(size);
  }
  const std::vector<std::string> candidates = orders(dims);
  if (candidates.empty()) {
    return TESSERA_ERROR(kUnsupported, subject, "has " + counted(dims.size(), "dimension"),
                         "Tessera reads [batch, channels, time] and [batch, channels, devices, "
                         "time] in any order");
  }
  if (options.length && *options.length < 1) {
    return TESSERA_ERROR(kInvalidArgument, subject,
                         fmt::format("a length of {} was asked for", *options.length), "");
  }
  std::vector<InputLayout> layouts;
  std::optional<Error> refusal;
  for (const std::string& order : candidates) {
    Result<InputLayout> layout = lay(printable(info.name()), dims, order, options);
    if (layout) {
      layouts.push_back(std::move(*layout));
    } else if (!refusal) {
      refusal = layout.error();
    }
  }
  if (layouts.empty()) return *refusal;
  // A length asked for belongs to the time axis: where the first choice contradicts it, say so.
  if (dims.size() < 3 && layouts[0].refusal) layouts.resize(1);
  return layouts;
}

}  // namespace tessera::onnx_import
