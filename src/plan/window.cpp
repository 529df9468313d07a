#include "plan/window.h"

#include <algorithm>

namespace tessera {
namespace {

int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
int64_t ceil_div(int64_t a, int64_t b) {
  return -floor_div(-a, b);
}

// A sliding window of `span` frames every `stride`, `left` frames of padding before the first.
FrameRange sliding(FrameRange out, int64_t stride, int64_t span, int64_t left) {
  return {out.begin * stride - left, (out.end - 1) * stride - left + span};
}

int64_t kernel_span(const Tensor& weight, const Extent& dilation) {
  return dilation.w * (weight.dim(3) - 1) + 1;
}

struct Tileable {
  template <typename T>
  bool operator()(const T&) const {
    return false;
  }
  bool operator()(const Constant&) const { return true; }
  bool operator()(const Conv&) const { return true; }
  bool operator()(const ConvTranspose&) const { return true; }
  bool operator()(const Affine&) const { return true; }
  bool operator()(const Norm& op) const {
    return op.kind == NormKind::batch || op.kind == NormKind::channel_wise;
  }
  bool operator()(const Unary&) const { return true; }
  bool operator()(const Softmax& op) const { return op.over != SoftmaxOver::time; }
  bool operator()(const Add&) const { return true; }
  bool operator()(const Mul&) const { return true; }
  bool operator()(const Binary&) const { return true; }
  bool operator()(const Concat& op) const { return op.axis != Axis::w; }
  bool operator()(const Slice&) const { return true; }
  bool operator()(const Pad&) const { return true; }
  bool operator()(const Pool&) const { return true; }
  bool operator()(const Reduce& op) const { return !op.over_w; }
};

struct OperandWindow {
  int64_t operand_frames;
  FrameRange out;

  // Frame by frame.
  template <typename T>
  FrameRange operator()(const T&) const {
    return out;
  }
  FrameRange operator()(const Conv& op) const {
    return sliding(out, op.stride.w, kernel_span(op.weight, op.dilation), op.padding.left);
  }
  FrameRange operator()(const Pool& op) const {
    return sliding(out, op.stride.w, op.kernel.w, op.padding.left);
  }
  // Output t gets input i where t = i*stride + k*dilation - crop.left for a tap k.
  FrameRange operator()(const ConvTranspose& op) const {
    const int64_t reach = kernel_span(op.weight, op.dilation) - 1;
    // With gaps between the taps of neighbouring frames, an output may stand in none of them.
    return {std::min(ceil_div(out.begin + op.crop.left - reach, op.stride.w),
                     floor_div(out.begin + op.crop.left, op.stride.w)),
            floor_div(out.end - 1 + op.crop.left, op.stride.w) + 1};
  }
  FrameRange operator()(const Slice& op) const {
    if (op.axis != Axis::w) return out;
    return {op.begin + out.begin * op.step, op.begin + (out.end - 1) * op.step + 1};
  }
  // Reflected and repeated frames come from inside: the range holds them too.
  FrameRange operator()(const Pad& op) const {
    FrameRange range{out.begin - op.padding.left, out.end - op.padding.left};
    if (op.mode == PadMode::zero) return range;
    const int64_t before = std::max<int64_t>(0, -range.begin);
    const int64_t after = std::max<int64_t>(0, range.end - operand_frames);
    const bool reflect = op.mode == PadMode::reflect;
    if (before > 0) range.end = std::max(range.end, reflect ? before + 1 : 1);
    if (after > 0) {
      range.begin = std::min(range.begin, operand_frames - (reflect ? after + 1 : 1));
    }
    return range;
  }
};

struct TileOpMaker {
  FrameRange wanted;
  FrameRange in;
  FrameRange out;

  template <typename T>
  TileOp operator()(const T& op) const {
    return {op};
  }
  TileOp operator()(Conv op) const {
    op.padding.left = in.begin - wanted.begin;
    op.padding.right = wanted.end - in.end;
    return {std::move(op)};
  }
  TileOp operator()(Pool op) const {
    op.padding.left = in.begin - wanted.begin;
    op.padding.right = wanted.end - in.end;
    return {op};
  }
  TileOp operator()(ConvTranspose op) const {
    const int64_t full = (in.frames() - 1) * op.stride.w + kernel_span(op.weight, op.dilation);
    op.crop.left = out.begin + op.crop.left - in.begin * op.stride.w;
    const int64_t right = full - op.crop.left - out.frames();
    op.crop.right = std::max<int64_t>(0, right);
    op.extra.w = std::max<int64_t>(0, -right);
    return {std::move(op)};
  }
  TileOp operator()(Slice op) const {
    if (op.axis != Axis::w) return {op};
    op.begin = 0;
    op.end = in.frames();
    return {op};
  }
  TileOp operator()(Pad op) const {
    const FrameRange direct{out.begin - op.padding.left, out.end - op.padding.left};
    op.padding.left = std::max<int64_t>(0, in.begin - direct.begin);
    op.padding.right = std::max<int64_t>(0, direct.end - in.end);
    return {op, direct.begin - (in.begin - op.padding.left)};
  }
};

}  // namespace

FrameRange hull(FrameRange a, FrameRange b) {
  return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

FrameRange clip(FrameRange range, int64_t frames) {
  return {std::clamp<int64_t>(range.begin, 0, frames), std::clamp<int64_t>(range.end, 0, frames)};
}

bool is_tileable(const Op& op) {
  return std::visit(Tileable{}, op);
}

FrameRange operand_window(const Op& op, size_t, const Shape& operand, const Shape& result,
                          FrameRange out) {
  TESSERA_CHECK(is_tileable(op), "windows exist for tileable ops");
  if (operand.w == 1 && result.w > 1 && !std::holds_alternative<Conv>(op) &&
      !std::holds_alternative<ConvTranspose>(op) && !std::holds_alternative<Pad>(op) &&
      !std::holds_alternative<Pool>(op)) {
    return {0, 1};  // broadcast over time
  }
  return std::visit(OperandWindow{operand.w, out}, op);
}

TileOp tile_op(const Op& op, FrameRange wanted, FrameRange in, FrameRange out) {
  return std::visit(TileOpMaker{wanted, in, out}, op);
}

bool takes_zeros_from_input(const Op& op) {
  const auto* conv = std::get_if<Conv>(&op);
  return conv != nullptr && (conv->padding.left > 0 || conv->padding.right > 0);
}

}  // namespace tessera
