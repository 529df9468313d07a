#include "kernels/simd/integer/tile_product.h"

#include <algorithm>
#include <type_traits>

#include "kernels/simd/integer/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/integer/tile_product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/integer/product-inl.h"

// Every processor with the matrix unit has the vectors of this target too.
#undef TESSERA_HAS_TILES
#if HWY_TARGET == HWY_AVX3_DL && HWY_ARCH_X86_64
#define TESSERA_HAS_TILES 1
#else
#define TESSERA_HAS_TILES 0
#endif

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

#if TESSERA_HAS_TILES
namespace {

constexpr size_t kTileRows = 16;         // of a register
constexpr size_t kRows = 2 * kTileRows;  // output channels of a block
constexpr size_t kBytes = 64;            // of one of its rows
constexpr size_t kGroup = 4;             // bytes that make one sum
constexpr size_t kFrames = kPanelFrames;
static_assert(kFrames == 3 * kLanes && kLanes == kTileRows);
constexpr size_t kDepth = kBytes;                 // products of a sum that are made at once
constexpr size_t kGroups = kDepth / kGroup;       // that they take of a panel
constexpr size_t kPlaneBytes = kFrames * kGroup;  // of a group: a byte of every code

// All registers whole.
struct alignas(kAlignmentBytes) TileShape {
  constexpr TileShape() {
    for (size_t i = 0; i < 8; ++i) row_bytes[i] = kBytes;
    for (size_t i = 0; i < 8; ++i) rows[i] = kTileRows;
  }
  uint8_t palette = 1;
  uint8_t first_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
constexpr TileShape kShape;

// Registers 0 to 5 hold sums, 6 weights and 7 codes. No compiler knows of them: they are numbered
// here, and the state of a thread is as it was when this goes out of scope.
class Tiles {
 public:
  HWY_INLINE Tiles() { asm volatile("ldtilecfg %0" : : "m"(kShape)); }
  HWY_INLINE ~Tiles() { asm volatile("tilerelease"); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
};

template <int kSum>
HWY_INLINE void clear() {
  asm volatile("tilezero %%tmm%c0" : : "i"(kSum));
}
template <int kSum>
HWY_INLINE void store(int32_t* p) {
  asm volatile("tilestored %%tmm%c0, (%1,%2,1)"
               :
               : "i"(kSum), "r"(p), "r"(kFrames * sizeof(int32_t))
               : "memory");
}
template <int kSum>
HWY_INLINE void load(const int32_t* p) {
  asm volatile("tileloadd (%1,%2,1), %%tmm%c0"
               :
               : "i"(kSum), "r"(p), "r"(kFrames * sizeof(int32_t))
               : "memory");
}
HWY_INLINE void load_weights(const int8_t* p) {
  asm volatile("tileloadd (%0,%1,1), %%tmm6" : : "r"(p), "r"(kBytes) : "memory");
}
HWY_INLINE void load_codes_of_group(const uint8_t* p, size_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm7" : : "r"(p), "r"(stride) : "memory");
}
// Of signed weights by unsigned bytes, and by signed ones.
template <int kSum>
HWY_INLINE void add_products_of_unsigned() {
  asm volatile("tdpbsud %%tmm7, %%tmm6, %%tmm%c0" : : "i"(kSum));
}
template <int kSum>
HWY_INLINE void add_products_of_signed() {
  asm volatile("tdpbssd %%tmm7, %%tmm6, %%tmm%c0" : : "i"(kSum));
}

// Adds, for both halves of a block of channels, what one byte of every code makes of a panel.
// Groups of the panel lie `stride` bytes apart.
template <class Multiply>
HWY_INLINE void accumulate(const int8_t* weights, const uint8_t* panel, size_t stride, size_t steps,
                           const Multiply& multiply) {
  constexpr size_t kHalf = kTileRows * kDepth;
  for (size_t k = 0; k < steps; ++k, weights += kRows * kDepth, panel += kGroups * stride) {
    const auto add = [&]<int kFrameTile>(std::integral_constant<int, kFrameTile>) HWY_ATTR {
      load_codes_of_group(panel + kFrameTile * kBytes, stride);
      load_weights(weights);
      multiply(std::integral_constant<int, kFrameTile>());
      load_weights(weights + kHalf);
      multiply(std::integral_constant<int, kFrameTile + 3>());
    };
    add(std::integral_constant<int, 0>());
    add(std::integral_constant<int, 1>());
    add(std::integral_constant<int, 2>());
  }
}

HWY_INLINE void accumulate_unsigned(const int8_t* weights, const uint8_t* panel, size_t stride,
                                    size_t steps) {
  accumulate(weights, panel, stride, steps,
             []<int kSum>(std::integral_constant<int, kSum>)
                 HWY_ATTR { add_products_of_unsigned<kSum>(); });
}
HWY_INLINE void accumulate_signed(const int8_t* weights, const uint8_t* panel, size_t stride,
                                  size_t steps) {
  accumulate(weights, panel, stride, steps,
             []<int kSum>(std::integral_constant<int, kSum>)
                 HWY_ATTR { add_products_of_signed<kSum>(); });
}

HWY_INLINE void clear_sums() {
  clear<0>();
  clear<1>();
  clear<2>();
  clear<3>();
  clear<4>();
  clear<5>();
}
HWY_INLINE void store_sums(int32_t* sums) {
  int32_t* const lower_half = sums + kTileRows * kFrames;
  store<0>(sums);
  store<1>(sums + kLanes);
  store<2>(sums + 2 * kLanes);
  store<3>(lower_half);
  store<4>(lower_half + kLanes);
  store<5>(lower_half + 2 * kLanes);
}
HWY_INLINE void load_sums(const int32_t* sums) {
  const int32_t* const lower_half = sums + kTileRows * kFrames;
  load<0>(sums);
  load<1>(sums + kLanes);
  load<2>(sums + 2 * kLanes);
  load<3>(lower_half);
  load<4>(lower_half + kLanes);
  load<5>(lower_half + 2 * kLanes);
}

struct Bytes {
  static constexpr size_t kPlanes = 1;

  // The sums of a block of channels over a panel.
  static HWY_INLINE void sum(const int8_t* weights, const uint8_t* panel, size_t steps,
                             int32_t* sums) {
    clear_sums();
    accumulate_unsigned(weights, panel, kPlaneBytes, steps);
    store_sums(sums);
  }

  // Sixteen frames of four rows at a time.
  static HWY_INLINE void pack(const uint8_t* const* rows, void* panel) {
    alignas(kAlignmentBytes) static constexpr uint8_t kOrder[kBytes] = {
        0,  16, 32, 48, 1,  17, 33, 49, 2,  18, 34, 50, 3,  19, 35, 51, 4,  20, 36, 52, 5,  21,
        37, 53, 6,  22, 38, 54, 7,  23, 39, 55, 8,  24, 40, 56, 9,  25, 41, 57, 10, 26, 42, 58,
        11, 27, 43, 59, 12, 28, 44, 60, 13, 29, 45, 61, 14, 30, 46, 62, 15, 31, 47, 63};
    const __m512i order = _mm512_load_si512(kOrder);
    auto* to = static_cast<uint8_t*>(panel);
    for (size_t t = 0; t < kFrames; t += 16, to += kBytes) {
      const auto row = [&](size_t k) HWY_ATTR {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[k] + t));
      };
      const __m256i ab = _mm256_inserti128_si256(_mm256_castsi128_si256(row(0)), row(1), 1);
      const __m256i cd = _mm256_inserti128_si256(_mm256_castsi128_si256(row(2)), row(3), 1);
      const __m512i all = _mm512_inserti64x4(_mm512_castsi256_si512(ab), cd, 1);
      _mm512_store_si512(to, _mm512_permutexvar_epi8(order, all));
    }
  }
};

// A group holds the lower bytes of its codes and then the upper ones.
struct Halves {
  static constexpr size_t kPlanes = 2;

  static HWY_INLINE void sum(const int8_t* weights, const uint8_t* panel, size_t steps,
                             int32_t* sums) {
    constexpr size_t kStride = 2 * kPlaneBytes;
    clear_sums();
    accumulate_signed(weights, panel + kPlaneBytes, kStride, steps);
    store_sums(sums);
    for (size_t i = 0; i < kRows * kFrames; i += kLanes)
      hn::Store(hn::ShiftLeft<8>(hn::Load(kI, sums + i)), kI, sums + i);
    load_sums(sums);
    accumulate_unsigned(weights, panel, kStride, steps);
    store_sums(sums);
  }

  static HWY_INLINE void pack(const int16_t* const* rows, void* panel) {
    // Of two rows and two more: bytes 0 to 63 and 64 to 127.
    alignas(kAlignmentBytes) static constexpr uint8_t kLower[kBytes] = {
        0,  32, 64, 96,  2,  34, 66, 98,  4,  36, 68, 100, 6,  38, 70, 102,
        8,  40, 72, 104, 10, 42, 74, 106, 12, 44, 76, 108, 14, 46, 78, 110,
        16, 48, 80, 112, 18, 50, 82, 114, 20, 52, 84, 116, 22, 54, 86, 118,
        24, 56, 88, 120, 26, 58, 90, 122, 28, 60, 92, 124, 30, 62, 94, 126};
    const __m512i lower = _mm512_load_si512(kLower);
    const __m512i upper = _mm512_add_epi8(lower, _mm512_set1_epi8(1));
    auto* to = static_cast<uint8_t*>(panel);
    for (size_t t = 0; t < kFrames; t += 16, to += kBytes) {
      const auto row = [&](size_t k) HWY_ATTR {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[k] + t));
      };
      const __m512i ab = _mm512_inserti64x4(_mm512_castsi256_si512(row(0)), row(1), 1);
      const __m512i cd = _mm512_inserti64x4(_mm512_castsi256_si512(row(2)), row(3), 1);
      _mm512_store_si512(to, _mm512_permutex2var_epi8(ab, lower, cd));
      _mm512_store_si512(to + kPlaneBytes, _mm512_permutex2var_epi8(ab, upper, cd));
    }
  }
};

template <class Kind>
HWY_INLINE void multiply(const ProductArgs& args) {
  const size_t steps = (args.in + kDepth - 1) / kDepth;
  const auto* panel = static_cast<const uint8_t*>(args.panel);
  const auto* weights = static_cast<const int8_t*>(args.weights) + args.first * steps * kDepth;
  alignas(kAlignmentBytes) int32_t sums[kRows * kFrames];
  const Tiles tiles;
  for (size_t channel = args.first; channel < args.last;
       channel += kRows, weights += kRows * steps * kDepth) {
    const size_t rows = std::min(kRows, args.last - channel);
    fetch_for_writing(args, channel, rows);
    Kind::sum(weights, panel, steps, sums);
    finish_rows(sums, args, channel, rows);
  }
}

template <class Kind, typename Code>
HWY_INLINE void pack(const PanelArgs& args) {
  pack_groups<kGroup, Code>(args, Kind::kPlanes * kPlaneBytes,
                            [](const Code* const* rows, void* panel)
                                HWY_ATTR { Kind::pack(rows, panel); });
}

void multiply_codes8(const ProductArgs& args) {
  multiply<Bytes>(args);
}
void multiply_codes16(const ProductArgs& args) {
  multiply<Halves>(args);
}
void pack_codes8(const PanelArgs& args) {
  pack<Bytes, uint8_t>(args);
}
void pack_codes16(const PanelArgs& args) {
  pack<Halves, int16_t>(args);
}

}  // namespace

void describe_tile_products(ProductKernels& codes8, ProductKernels& codes16) {
  codes8 = {{kFrames, kRows, kDepth, 1, 1}, &pack_codes8, &multiply_codes8};
  codes16 = {{kFrames, kRows, kDepth, 1, 2}, &pack_codes16, &multiply_codes16};
}

#else

void describe_tile_products(ProductKernels&, ProductKernels&) {}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(describe_tile_products);

ProductKernels tile_product_kernels(Format codes) {
  ProductKernels codes8;
  ProductKernels codes16;
  HWY_DYNAMIC_DISPATCH(describe_tile_products)(codes8, codes16);
  return codes == Format::kCode8 ? codes8 : codes16;
}
}  // namespace tessera::simd
#endif
