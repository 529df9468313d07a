// ScatterND, ScatterElements, Col2Im: constants fold; frames of the network that are added up along
// time are an overlap-add.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "model/onnx/op_context.h"
#include "model/onnx/overlap_add.h"
#include "model/onnx/scatter_targets.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

constexpr std::string_view kOverlapAddOnly =
    "a scatter is read where it adds frames up at a constant step (overlap-add)";

bool is_zero(const Value& x) {
  double value = 1;
  return x.is_constant() && x.constant().uniform(value) && value == 0;
}

// The factors of the dims that positions run over, and where each of them moves an element.
struct Runs {
  std::vector<Atom> atoms;  // major to minor, over all running dims
  int64_t taps = 1;
};

Result<Runs> runs_of(const OpContext& context, const Value& updates,
                     const ScatterTargets& targets) {
  Runs runs;
  int64_t frames = 1;
  for (size_t dim : targets.running) {
    for (const Atom& atom : updates.view[dim].atoms) {
      if (atom.repeat || atom.axis == Axis::h) {
        return context.unsupported(fmt::format("moves elements of dimension {} of a tensor laid "
                                               "out as {}",
                                               dim, to_string(updates.view)),
                                   std::string(kOverlapAddOnly));
      }
      (atom.axis == Axis::w ? frames : runs.taps) *= atom.size;
      runs.atoms.push_back(atom);
    }
  }
  if (frames != context.shape(updates.node).w) {
    return context.unsupported(
        fmt::format("moves elements of a tensor laid out as {} otherwise than frame by frame",
                    to_string(updates.view)),
        std::string(kOverlapAddOnly));
  }
  return runs;
}

// The step and the offsets that all positions obey. Errors: kUnsupported naming the first that does
// not.
Result<Frames> frames_of(const OpContext& context, const Value& updates,
                         const ScatterTargets& targets) {
  TESSERA_TRY(const Runs runs, runs_of(context, updates, targets));
  Frames frames;
  Dims sizes;
  Dims frame_steps;
  Dims tap_steps(runs.atoms.size(), 0);
  int64_t tap_step = 1;
  for (size_t i = runs.atoms.size(); i-- > 0;) {
    if (runs.atoms[i].axis != Axis::c) continue;
    tap_steps[i] = tap_step;
    tap_step *= runs.atoms[i].size;
  }
  for (const Atom& atom : runs.atoms) {
    sizes.push_back(atom.size);
    frame_steps.push_back(atom.axis == Axis::w ? atom.stride : 0);
    if (atom.axis == Axis::c) frames.taps.push_back(atom);
  }
  frames.offsets.assign(static_cast<size_t>(runs.taps), 0);
  std::optional<int64_t> second;  // where the first tap of frame 1 goes
  size_t element = 0;
  for (IndexWalk walk(sizes, {frame_steps, tap_steps}); !walk.done(); walk.next(), ++element) {
    const int64_t position = targets.positions[element];
    if (walk.offset(0) == 0) frames.offsets[static_cast<size_t>(walk.offset(1))] = position;
    if (walk.offset(0) == 1 && walk.offset(1) == 0) second = position;
  }
  frames.stride = second ? *second - frames.offsets[0] : runs.taps;
  if (frames.stride < 1) {
    return context.unsupported(
        fmt::format("adds frame 0 at {} and frame 1 at {}", frames.offsets[0], second.value_or(0)),
        "overlap-add moves on from frame to frame");
  }
  element = 0;
  for (IndexWalk walk(sizes, {frame_steps, tap_steps}); !walk.done(); walk.next(), ++element) {
    const int64_t frame = walk.offset(0);
    const int64_t tap = walk.offset(1);
    const int64_t expected = frame * frames.stride + frames.offsets[static_cast<size_t>(tap)];
    if (targets.positions[element] == expected) continue;
    return context.unsupported(
        fmt::format("adds tap {} of frame {} at {}; frames at a step of {} would put it at {}", tap,
                    frame, targets.positions[element], frames.stride, expected),
        std::string(kOverlapAddOnly));
  }
  return frames;
}

// Without adding, the last of several writes stays, and runtimes do not agree which that is.
Result<bool> covers_all(const OpContext& context, const ScatterTargets& targets, int64_t size) {
  if (size > kMaxFoldedElements) return context.unsupported("writes over part of a huge tensor");
  std::vector<bool> written(static_cast<size_t>(size), false);
  for (int64_t at : targets.positions) {
    if (written[static_cast<size_t>(at)]) {
      return context.unsupported(
          fmt::format("writes element {} more than once without adding (reduction none): which "
                      "value stays is not defined",
                      at),
          "export for opset 16 or newer, where adding is written as reduction=add");
    }
    written[static_cast<size_t>(at)] = true;
  }
  return std::all_of(written.begin(), written.end(), [](bool w) { return w; });
}

Result<Value> scattered(OpContext& context, const Value& data, Value updates,
                        const ScatterTargets& targets, bool add) {
  if (!updates.is_tensor()) {
    return context.unsupported("writes a constant into what the network computes",
                               std::string(kOverlapAddOnly));
  }
  const Dims dims = data.dims();
  View view(dims.size());
  bool replaces_all = true;
  if (targets.along < dims.size()) {
    const int64_t size = dims[targets.along];
    if (!add) {
      TESSERA_TRY(replaces_all, covers_all(context, targets, size));
    }
    TESSERA_TRY(Frames frames, frames_of(context, updates, targets));
    frames.length = size;
    TESSERA_TRY(updates, overlap_add(context, updates, frames));
    view[targets.along] = whole(context.shape(updates.node), Axis::w);
  }
  for (size_t j = 0; j < dims.size(); ++j) {
    if (targets.source[j]) view[j] = updates.view[*targets.source[j]];
  }
  Value y = Value::of(updates.node, std::move(view));
  if (is_zero(data) || (!add && replaces_all)) return y;
  if (!add) {
    return context.unsupported("writes over part of a tensor", std::string(kOverlapAddOnly));
  }
  return binary(context, BinaryOp::add, std::move(y), data);
}

Result<bool> adds(const OpContext& context) {
  const std::string reduction = context.text("reduction", "none");
  if (reduction == "add" || reduction == "none") return reduction == "add";
  return context.unsupported(fmt::format("scatters with reduction '{}'", reduction),
                             std::string(kOverlapAddOnly));
}

Result<Values> read_scatter_elements(OpContext& context) {
  TESSERA_TRY(const Value data, context.required(0));
  TESSERA_TRY(const ConstArray indices, context.required_constant(1, "indices"));
  TESSERA_TRY(const Value updates, context.required(2));
  TESSERA_TRY(const bool add, adds(context));
  TESSERA_TRY(const size_t axis, context.axis(context.integer("axis", 0), data.rank()));
  if (data.is_constant() && updates.is_constant()) {
    TESSERA_TRY(Value y, context.folded(fold_scatter_elements(data.constant(), indices,
                                                              updates.constant(), axis, add)));
    return Values{std::move(y)};
  }
  TESSERA_TRY(const ScatterTargets targets,
              scatter_element_targets(context, data.dims(), indices, updates.dims(), axis));
  TESSERA_TRY(Value y, scattered(context, data, updates, targets, add));
  return Values{std::move(y)};
}

Result<Values> read_scatter_nd(OpContext& context) {
  TESSERA_TRY(const Value data, context.required(0));
  TESSERA_TRY(const ConstArray indices, context.required_constant(1, "indices"));
  TESSERA_TRY(const Value updates, context.required(2));
  TESSERA_TRY(const bool add, adds(context));
  if (data.is_constant() && updates.is_constant()) {
    TESSERA_TRY(Value y,
                context.folded(fold_scatter_nd(data.constant(), indices, updates.constant(), add)));
    return Values{std::move(y)};
  }
  TESSERA_TRY(const ScatterTargets targets,
              scatter_nd_targets(context, data.dims(), indices, updates.dims()));
  TESSERA_TRY(Value y, scattered(context, data, updates, targets, add));
  return Values{std::move(y)};
}

constexpr int64_t kMaxBlock = int64_t{1} << 16;

// Col2Im along one axis of the image; along the other it has one element and does nothing.
struct Columns {
  size_t axis = 0;  // of the image
  int64_t image = 1;
  int64_t block = 1;
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t before = 0;
  int64_t after = 0;
};

Result<Columns> columns_of(const OpContext& context, const Dims& image, const Dims& block) {
  const size_t n = image.size();
  const auto list = [&](const char* name, int64_t fallback, size_t count) {
    std::vector<int64_t> values = context.integers(name);
    if (values.empty()) values.assign(count, fallback);
    return values;
  };
  const auto strides = list("strides", 1, n);
  const auto dilations = list("dilations", 1, n);
  const auto pads = list("pads", 0, 2 * n);
  if (block.size() != n || n < 1 || strides.size() != n || dilations.size() != n ||
      pads.size() != 2 * n)
    return context.invalid("its shapes and attributes differ in number");
  std::optional<Columns> found;
  for (size_t i = 0; i < n; ++i) {
    constexpr int64_t kMax = int64_t{1} << 36;
    for (int64_t v : {image[i], block[i], strides[i], dilations[i]}) {
      if (v < 1 || v > kMax) return context.invalid(fmt::format("has an impossible size of {}", v));
    }
    for (int64_t p : {pads[i], pads[i + n]}) {
      if (p < 0 || p > kMax) return context.invalid(fmt::format("has an impossible pad of {}", p));
    }
    if (block[i] > kMaxBlock)
      return context.unsupported(fmt::format("adds up frames of {} samples", block[i]),
                                 "frames of up to 65536 samples are read");
    const bool idle = image[i] == 1 && block[i] == 1 && pads[i] == 0 && pads[i + n] == 0;
    if (idle && (found || i + 1 < n)) continue;
    if (found) {
      return context.unsupported(
          fmt::format("adds patches up over an image of {}", dims_to_string(image)),
          "overlap-add along one axis, time, is read");
    }
    found = Columns{i, image[i], block[i], strides[i], dilations[i], pads[i], pads[i + n]};
  }
  return *found;
}

// [N, C*K, L] -> [N, C, ..., T, ...]
Result<Value> col2im(OpContext& context, const Value& x, const Dims& image, const Columns& c) {
  const Dims dims = x.dims();
  const int64_t reach = (c.block - 1) * c.dilation + 1;
  const int64_t frames = (c.image + c.before + c.after - reach) / c.stride + 1;
  if (dims[1] % c.block != 0 || c.image + c.before + c.after < reach || frames != dims[2]) {
    return context.invalid(fmt::format("cannot make {} frames of {} out of {}", frames, c.block,
                                       dims_to_string(dims)));
  }
  const std::optional<View> split =
      reshaped(x.view, std::array{dims[0], dims[1] / c.block, c.block, dims[2]});
  if (!split || !is_whole((*split)[3], context.shape(x.node), Axis::w)) {
    return context.unsupported(
        fmt::format("adds up frames of a tensor laid out as {}", to_string(x.view)),
        "the samples of a frame lie along the channels, frames along time");
  }
  Frames sum;
  sum.taps = (*split)[2].atoms;
  for (int64_t k = 0; k < c.block; ++k) sum.offsets.push_back(k * c.dilation);
  sum.stride = c.stride;
  sum.crop = c.before;
  sum.length = c.image;
  TESSERA_TRY(const Value y, overlap_add(context, Value::of(x.node, *split), sum));
  View view = {y.view[0], y.view[1]};
  view.resize(2 + image.size());
  view[2 + c.axis] = whole(context.shape(y.node), Axis::w);
  return Value::of(y.node, std::move(view));
}

Result<ConstArray> fold_col2im(const ConstArray& x, const Dims& image, const Columns& c) {
  const Dims& dims = x.dims();
  const int64_t channels = dims[1] / c.block;
  Dims out = {dims[0], channels};
  out.insert(out.end(), image.begin(), image.end());
  TESSERA_TRY(const int64_t count, element_count(out));
  if (count > kMaxFoldedElements || x.size() > kMaxFoldedElements) {
    return TESSERA_ERROR(kResourceLimit, "",
                         fmt::format("a constant of {} elements is too large", count), "");
  }
  std::vector<double> sums(static_cast<size_t>(count), 0);
  int64_t element = 0;
  for (IndexWalk walk({dims[0], channels, c.block, dims[2]}, {}); !walk.done();
       walk.next(), ++element) {
    const int64_t at = walk.coordinate(3) * c.stride + walk.coordinate(2) * c.dilation - c.before;
    if (at < 0 || at >= c.image) continue;
    const int64_t row = walk.coordinate(0) * channels + walk.coordinate(1);
    sums[static_cast<size_t>(row * c.image + at)] += x.real_at(element);
  }
  return ConstArray::reals(std::move(out), std::vector<float>(sums.begin(), sums.end()));
}

Result<Values> read_col2im(OpContext& context) {
  TESSERA_TRY(const Value x, context.required(0));
  TESSERA_TRY(const std::vector<int64_t> image, context.integers_from("", 1, "image shape"));
  TESSERA_TRY(const std::vector<int64_t> block, context.integers_from("", 2, "block shape"));
  if (x.rank() != 3) return context.invalid(fmt::format("reads a tensor of rank {}", x.rank()));
  TESSERA_TRY(const Columns columns, columns_of(context, image, block));
  if (x.is_constant()) {
    const Dims& dims = x.constant().dims();
    const int64_t reach = (columns.block - 1) * columns.dilation + 1;
    const int64_t span = columns.image + columns.before + columns.after - reach;
    if (dims[1] % columns.block != 0 || span < 0 || span / columns.stride + 1 != dims[2])
      return context.invalid("its image and its columns do not fit");
    TESSERA_TRY(Value y, context.folded(fold_col2im(x.constant(), image, columns)));
    return Values{std::move(y)};
  }
  TESSERA_TRY(Value y, col2im(context, x, image, columns));
  return Values{std::move(y)};
}

}  // namespace

std::span<const OpEntry> scatter_ops() {
  static constexpr std::string_view kFrames =
      "frames at a constant step, by the values of constant indices; of constants anything";
  static constexpr OpEntry kOps[] = {
      {"ScatterElements", read_scatter_elements, kFrames},
      {"Scatter", read_scatter_elements, kFrames},
      {"ScatterND", read_scatter_nd, kFrames},
      {"Col2Im", read_col2im, "along time; of constants anything"},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
