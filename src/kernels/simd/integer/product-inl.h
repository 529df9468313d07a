// What becomes of the sums of a product, whichever instructions made them. Compiled once per
// instruction set.
#if defined(TESSERA_KERNELS_SIMD_INTEGER_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TESSERA_KERNELS_SIMD_INTEGER_PRODUCT_INL_H_
#undef TESSERA_KERNELS_SIMD_INTEGER_PRODUCT_INL_H_
#else
#define TESSERA_KERNELS_SIMD_INTEGER_PRODUCT_INL_H_
#endif

#include "kernels/simd/integer/product.h"

#include "kernels/simd/integer/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

inline constexpr size_t kPanelFrames = kVectorsPerTile * kLanes;

// The sums of one output channel over a panel.
template <class Requantizer>
HWY_INLINE void finish_row(const int32_t* sums, const ProductArgs& args, size_t channel) {
  const Format format = args.requantize->format;
  const Requantizer requantizer(*args.requantize, channel);
  void* const dst = at(args.dst, format, channel * args.dst_stride);
  alignas(kAlignmentBytes) char part[kPanelFrames * sizeof(float)];
  void* const to = HWY_LIKELY(args.frames == kPanelFrames) ? dst : part;
  requantizer.store(hn::Load(kI, sums), to);
  requantizer.store(hn::Load(kI, sums + kLanes), at(to, format, kLanes));
  requantizer.store(hn::Load(kI, sums + 2 * kLanes), at(to, format, 2 * kLanes));
  if (to == part) std::memcpy(dst, part, args.frames * bytes_of(format));
}
// Of output channels channel .. channel + rows - 1, one after another.
HWY_INLINE void finish_rows(const int32_t* sums, const ProductArgs& args, size_t channel,
                            size_t rows) {
  with_requantizer(*args.requantize, [&]<class Requantizer>(TypeOf<Requantizer>) HWY_ATTR {
    for (size_t i = 0; i < rows; ++i)
      finish_row<Requantizer>(sums + i * kPanelFrames, args, channel + i);
  });
}

// Rows of the result lie pages apart. Their product takes long enough for them to arrive.
HWY_INLINE void fetch_for_writing(const ProductArgs& args, size_t channel, size_t rows) {
  const Format format = args.requantize->format;
  const size_t bytes = args.frames * bytes_of(format);
  for (size_t i = 0; i < rows; ++i) {
    const char* const row =
        static_cast<const char*>(at(args.dst, format, (channel + i) * args.dst_stride));
    for (size_t b = 0; b < bytes; b += kAlignmentBytes) __builtin_prefetch(row + b, 1, 3);
  }
}

// Calls pack(rows, panel) for every kGroup rows of the operand, each with as many frames as a panel
// has; a group takes `bytes` of the panel. What is missing is anything: it meets a weight of zero
// or is thrown away.
template <size_t kGroup, typename Code, class Pack>
HWY_INLINE void pack_groups(const PanelArgs& args, size_t bytes, const Pack& pack) {
  constexpr size_t kRowsAhead = 16;  // rows lie pages apart, where no prefetcher follows
  const auto* src = static_cast<const Code*>(args.src);
  alignas(kAlignmentBytes) Code part[kGroup * kPanelFrames] = {};
  auto* panel = static_cast<char*>(args.panel);
  for (size_t i = 0; i < args.in; i += kGroup, panel += bytes) {
    const Code* rows[kGroup];
    for (size_t k = 0; k < kGroup; ++k) {
      const Code* const ahead = src + std::min(i + k + kRowsAhead, args.in - 1) * args.stride;
      for (size_t t = 0; t < kPanelFrames; t += kAlignmentBytes / sizeof(Code))
        __builtin_prefetch(ahead + t, 0, 3);
    }
    for (size_t k = 0; k < kGroup; ++k) {
      rows[k] = src + std::min(i + k, args.in - 1) * args.stride;
      if (HWY_LIKELY(args.frames == kPanelFrames)) continue;
      std::memcpy(part + k * kPanelFrames, rows[k], args.frames * sizeof(Code));
      rows[k] = part + k * kPanelFrames;
    }
    pack(rows, panel);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#endif
