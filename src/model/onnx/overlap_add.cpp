#include "model/onnx/overlap_add.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera::onnx_import {
namespace {

constexpr int64_t kMaxKernel = int64_t{1} << 16;     // taps of one frame
constexpr int64_t kMaxSelection = int64_t{1} << 24;  // elements of the weights made

// A factor of the channels of x: the number that the taps or the result count along it.
struct Factor {
  Atom atom;
  bool tap = false;
  int64_t step = 0;  // of the tap number, or of the result's channel, per step along the atom
};

bool is_tap(const std::vector<Atom>& taps, const Atom& atom) {
  return std::find(taps.begin(), taps.end(), atom) != taps.end();
}

// All factors of the channels, outermost first; nothing when they do not tile the channels.
std::optional<std::vector<Factor>> channel_factors(const Value& x, const Shape& shape,
                                                   const std::vector<Atom>& taps) {
  std::vector<Factor> factors;
  for (const ViewDim& dim : x.view) {
    for (const Atom& atom : dim.atoms) {
      if (!atom.repeat && atom.axis == Axis::c) factors.push_back({atom, is_tap(taps, atom), 0});
    }
  }
  std::sort(factors.begin(), factors.end(),
            [](const Factor& a, const Factor& b) { return a.atom.stride > b.atom.stride; });
  int64_t covered = 1;
  for (size_t i = factors.size(); i-- > 0;) {
    if (factors[i].atom.stride != covered) return std::nullopt;
    covered *= factors[i].atom.size;
  }
  if (covered != shape.c) return std::nullopt;
  int64_t tap_step = 1;
  for (size_t i = taps.size(); i-- > 0;) {
    const auto found = std::find_if(factors.begin(), factors.end(),
                                    [&](const Factor& f) { return f.atom == taps[i]; });
    if (found == factors.end()) return std::nullopt;
    found->step = tap_step;
    tap_step *= taps[i].size;
  }
  int64_t channel_step = 1;
  for (size_t i = factors.size(); i-- > 0;) {
    if (factors[i].tap) continue;
    factors[i].step = channel_step;
    channel_step *= factors[i].atom.size;
  }
  return factors;
}

// Channels that no tap of another channel shares: the outermost factors before the first tap.
int64_t group_count(const std::vector<Factor>& factors) {
  int64_t groups = 1;
  for (const Factor& factor : factors) {
    if (factor.tap) break;
    groups *= factor.atom.size;
  }
  return groups;
}

View without_taps(const View& view, const std::vector<Factor>& factors) {
  View result = view;
  for (ViewDim& dim : result) {
    std::erase_if(dim.atoms, [&](const Atom& atom) {
      if (atom.repeat) return false;
      return atom.axis == Axis::w ||
             std::any_of(factors.begin(), factors.end(),
                         [&](const Factor& f) { return f.tap && f.atom == atom; });
    });
    for (Atom& atom : dim.atoms) {
      if (atom.repeat || atom.axis != Axis::c) continue;
      const auto found = std::find_if(factors.begin(), factors.end(),
                                      [&](const Factor& f) { return f.atom == atom; });
      atom.stride = found->step;
    }
    dim.atoms = joined(dim.atoms);
  }
  return result;
}

}  // namespace

Result<Value> overlap_add(OpContext& context, const Value& x, const Frames& frames) {
  const Shape shape = context.shape(x.node);
  const auto factors = channel_factors(x, shape, frames.taps);
  if (!factors) {
    return context.unsupported(
        fmt::format("overlap-adds frames of a tensor laid out as {}", to_string(x.view)),
        "the samples of a frame lie along the channels, frames along time");
  }
  const auto taps = static_cast<int64_t>(frames.offsets.size());
  const int64_t kernel = *std::max_element(frames.offsets.begin(), frames.offsets.end()) + 1;
  const int64_t groups = group_count(*factors);
  const int64_t outputs = shape.c / taps;
  const int64_t per_group = outputs / groups;
  if (kernel > kMaxKernel || shape.c > kMaxSelection / kernel / per_group) {
    return TESSERA_ERROR(
        kResourceLimit, context.subject(),
        fmt::format("overlap-adds frames of {} samples for {} channels", kernel, outputs),
        "frames of up to 65536 samples of a few channels are read");
  }
  std::vector<float> selection(static_cast<size_t>(shape.c * per_group * kernel), 0);
  for (int64_t c = 0; c < shape.c; ++c) {
    int64_t tap = 0;
    int64_t channel = 0;
    for (const Factor& factor : *factors) {
      const int64_t at = c / factor.atom.stride % factor.atom.size;
      (factor.tap ? tap : channel) += at * factor.step;
    }
    const int64_t offset = frames.offsets[static_cast<size_t>(tap)];
    selection[static_cast<size_t>((c * per_group + channel % per_group) * kernel + offset)] = 1;
  }
  ConvTranspose op;
  op.weight = Tensor({shape.c, per_group, 1, kernel}, std::move(selection));
  op.stride.w = frames.stride;
  op.groups = groups;
  const int64_t whole_length = (shape.w - 1) * frames.stride + kernel;
  const int64_t after = whole_length - frames.crop - frames.length;
  op.crop.left = frames.crop;
  op.crop.right = std::max<int64_t>(after, 0);
  TESSERA_TRY(NodeId node, context.add(std::move(op), {x.node}));
  if (after < 0) {
    Pad pad;
    pad.padding.right = -after;
    TESSERA_TRY(node, context.add(pad, {node}));
  }
  return Value::of(node, without_taps(x.view, *factors));
}

Result<std::optional<Value>> interleaved(OpContext& context, const Value& x, size_t dim) {
  const std::vector<Atom>& atoms = x.view[dim].atoms;
  const Shape shape = context.shape(x.node);
  const Atom time{false, Axis::w, shape.w, 1};
  if (shape.w < 2 || atoms.size() < 2 || !(atoms[0] == time)) return std::optional<Value>();
  Frames frames;
  frames.taps.assign(atoms.begin() + 1, atoms.end());
  int64_t taps = 1;
  for (const Atom& atom : frames.taps) {
    if (atom.repeat || atom.axis != Axis::c) return std::optional<Value>();
    taps *= atom.size;
  }
  if (taps > kMaxKernel) return std::optional<Value>();
  for (int64_t k = 0; k < taps; ++k) frames.offsets.push_back(k);
  frames.stride = taps;
  frames.length = shape.w * taps;
  TESSERA_TRY(Value y, overlap_add(context, x, frames));
  y.view[dim] = whole(context.shape(y.node), Axis::w);
  return std::optional(std::move(y));
}

}  // namespace tessera::onnx_import
