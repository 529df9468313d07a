#include "kernels/simd/integer/product.h"

#include <algorithm>

#include "kernels/simd/integer/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/integer/product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/integer/product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
constexpr size_t kRows = 8;
#else
constexpr size_t kRows = 4;
#endif
constexpr size_t kFrames = kPanelFrames;

// How the products of one vector of a panel are added up. Assembly, because GCC 12 keeps what the
// intrinsics accumulate in memory.
struct Pairs {
  static constexpr size_t kGroup = 2;
  using Weight = int16_t;
  static HWY_INLINE void add(Ints& sum, Ints& upper, Ints panel, Ints weights) {
#if HWY_TARGET == HWY_AVX3_DL
    asm("vpdpwssd %2, %1, %0" : "+v"(sum.raw) : "v"(panel.raw), "v"(weights.raw));
    static_cast<void>(upper);
#else
    add_pair_products(sum, upper, panel, weights);
#endif
  }
  static HWY_INLINE Ints total(Ints sum, Ints upper) {
    return total_of(sum, upper);
  }
};

#if HWY_TARGET == HWY_AVX3_DL
struct Quads {
  static constexpr size_t kGroup = 4;
  using Weight = int8_t;
  static HWY_INLINE void add(Ints& sum, Ints&, Ints panel, Ints weights) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(panel.raw), "v"(weights.raw));
  }
  static HWY_INLINE Ints total(Ints sum, Ints) { return sum; }
};
using Group8 = Quads;
#else
using Group8 = Pairs;
#endif

// Accumulators of one output channel: three vectors, twice where sums lie in two of them.
struct Row {
  HWY_INLINE Row() {}
  HWY_INLINE void clear() { s0 = s1 = s2 = u0 = u1 = u2 = hn::Zero(kI); }

  Ints s0, s1, s2;
  Ints u0, u1, u2;
};

// Members and not an array, so that every compiler keeps them in registers.
struct Block {
  HWY_INLINE Block() {}

  Row r0, r1, r2, r3;
  Row r4, r5, r6, r7;

  template <class Visit>
  HWY_INLINE void each(const Visit& visit) {
    visit(r0, size_t{0});
    visit(r1, size_t{1});
    visit(r2, size_t{2});
    visit(r3, size_t{3});
    if constexpr (kRows == 8) {
      visit(r4, size_t{4});
      visit(r5, size_t{5});
      visit(r6, size_t{6});
      visit(r7, size_t{7});
    }
  }
};

// Both as groups of 4 bytes: a frame's of the panel, a row's of the weights.
template <class Group>
HWY_INLINE void accumulate(Block& block, const int32_t* HWY_RESTRICT weights,
                           const int32_t* HWY_RESTRICT panel, size_t steps) {
  for (const int32_t* const end = panel + steps * kFrames; panel != end;
       panel += kFrames, weights += kRows) {
    const Ints p0 = hn::Load(kI, panel);
    const Ints p1 = hn::Load(kI, panel + kLanes);
    const Ints p2 = hn::Load(kI, panel + 2 * kLanes);
    block.each([&](Row& r, size_t i) HWY_ATTR {
      const Ints w = hn::Set(kI, weights[i]);
      Group::add(r.s0, r.u0, p0, w);
      Group::add(r.s1, r.u1, p1, w);
      Group::add(r.s2, r.u2, p2, w);
    });
  }
}

// The sums of R channels over a whole panel.
template <class Group>
HWY_INLINE void sum_block(const int32_t* weights, const int32_t* panel, size_t steps,
                          int32_t* sums) {
  Block block;
  block.each([](Row& r, size_t) HWY_ATTR { r.clear(); });
  accumulate<Group>(block, weights, panel, steps);
  block.each([sums](Row& r, size_t i) HWY_ATTR {
    hn::Store(Group::total(r.s0, r.u0), kI, sums + i * kFrames);
    hn::Store(Group::total(r.s1, r.u1), kI, sums + i * kFrames + kLanes);
    hn::Store(Group::total(r.s2, r.u2), kI, sums + i * kFrames + 2 * kLanes);
  });
}

template <class Group>
HWY_INLINE void multiply(const ProductArgs& args) {
  const size_t steps = (args.in + Group::kGroup - 1) / Group::kGroup;
  const auto* panel = static_cast<const int32_t*>(args.panel);
  const auto* weights = static_cast<const int32_t*>(args.weights) + args.first * steps;
  alignas(kAlignmentBytes) int32_t sums[kRows * kFrames];
  for (size_t channel = args.first; channel < args.last;
       channel += kRows, weights += kRows * steps) {
    const size_t rows = std::min(kRows, args.last - channel);
    fetch_for_writing(args, channel, rows);
    sum_block<Group>(weights, panel, steps, sums);
    finish_rows(sums, args, channel, rows);
  }
}

#if HWY_TARGET == HWY_SCALAR
template <typename Code>
HWY_INLINE void pack_pairs(const Code* const* rows, void* panel) {
  auto* to = static_cast<int16_t*>(panel);
  for (size_t t = 0; t < kFrames; ++t, to += 2) {
    to[0] = rows[0][t];
    to[1] = rows[1][t];
  }
}
#else
// Four frames of two rows, side by side.
template <typename Code>
HWY_INLINE void pair_up(const Code* a, const Code* b, int16_t* to) {
  const hn::Full128<int16_t> d;
  const hn::Full64<int16_t> half;
  const hn::Rebind<Code, decltype(half)> from;
  const auto wide = [&](const Code* p) HWY_ATTR {
    if constexpr (sizeof(Code) == 1) {
      return hn::ZeroExtendVector(d, hn::PromoteTo(half, hn::LoadU(from, p)));
    } else {
      return hn::ZeroExtendVector(d, hn::LoadU(half, p));
    }
  };
  hn::StoreU(hn::InterleaveLower(d, wide(a), wide(b)), d, to);
}

template <typename Code>
HWY_INLINE void pack_pairs(const Code* const* rows, void* panel) {
  auto* to = static_cast<int16_t*>(panel);
  for (size_t t = 0; t < kFrames; t += 4) pair_up(rows[0] + t, rows[1] + t, to + 2 * t);
}
#endif

#if HWY_TARGET == HWY_AVX3_DL
// Sixteen frames of four rows at a time.
HWY_INLINE void pack_quads(const uint8_t* const* rows, void* panel) {
  const hn::Full128<uint8_t> d;
  const hn::Full128<uint16_t> d16;
  auto* to = static_cast<uint8_t*>(panel);
  for (size_t t = 0; t < kFrames; t += 16, to += 64) {
    const auto a = hn::LoadU(d, rows[0] + t);
    const auto b = hn::LoadU(d, rows[1] + t);
    const auto c = hn::LoadU(d, rows[2] + t);
    const auto e = hn::LoadU(d, rows[3] + t);
    const auto ab0 = hn::BitCast(d16, hn::InterleaveLower(d, a, b));
    const auto ab1 = hn::BitCast(d16, hn::InterleaveUpper(d, a, b));
    const auto ce0 = hn::BitCast(d16, hn::InterleaveLower(d, c, e));
    const auto ce1 = hn::BitCast(d16, hn::InterleaveUpper(d, c, e));
    hn::Store(hn::BitCast(d, hn::InterleaveLower(d16, ab0, ce0)), d, to);
    hn::Store(hn::BitCast(d, hn::InterleaveUpper(d16, ab0, ce0)), d, to + 16);
    hn::Store(hn::BitCast(d, hn::InterleaveLower(d16, ab1, ce1)), d, to + 32);
    hn::Store(hn::BitCast(d, hn::InterleaveUpper(d16, ab1, ce1)), d, to + 48);
  }
}
HWY_INLINE void pack_group(Quads, const uint8_t* const* rows, void* panel) {
  pack_quads(rows, panel);
}
#endif
template <typename Code>
HWY_INLINE void pack_group(Pairs, const Code* const* rows, void* panel) {
  pack_pairs(rows, panel);
}

template <class Group, typename Code>
HWY_INLINE void pack(const PanelArgs& args) {
  pack_groups<Group::kGroup, Code>(args, kFrames * sizeof(int32_t),
                                   [](const Code* const* rows, void* panel)
                                       HWY_ATTR { pack_group(Group(), rows, panel); });
}

}  // namespace

void product_of_codes8(const ProductArgs& args) {
  multiply<Group8>(args);
}
void product_of_codes16(const ProductArgs& args) {
  multiply<Pairs>(args);
}
void pack_codes8(const PanelArgs& args) {
  pack<Group8, uint8_t>(args);
}
void pack_codes16(const PanelArgs& args) {
  pack<Pairs, int16_t>(args);
}
void describe_products(ProductBlocking& codes8, ProductBlocking& codes16) {
  codes8 = {kFrames, kRows, Group8::kGroup, sizeof(Group8::Weight), sizeof(Group8::Weight)};
  codes16 = {kFrames, kRows, Pairs::kGroup, sizeof(Pairs::Weight), sizeof(Pairs::Weight)};
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(product_of_codes8);
HWY_EXPORT(product_of_codes16);
HWY_EXPORT(pack_codes8);
HWY_EXPORT(pack_codes16);
HWY_EXPORT(describe_products);

ProductKernels product_kernels(Format codes) {
  ProductBlocking blocking8;
  ProductBlocking blocking16;
  HWY_DYNAMIC_DISPATCH(describe_products)(blocking8, blocking16);
  if (codes == Format::kCode8) {
    return {blocking8, &HWY_DYNAMIC_DISPATCH(pack_codes8),
            &HWY_DYNAMIC_DISPATCH(product_of_codes8)};
  }
  return {blocking16, &HWY_DYNAMIC_DISPATCH(pack_codes16),
          &HWY_DYNAMIC_DISPATCH(product_of_codes16)};
}
}  // namespace tessera::simd
#endif
