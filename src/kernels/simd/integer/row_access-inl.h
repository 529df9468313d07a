// Rows as vectors of numbers, whatever they are in memory. Compiled once per instruction set.
#if defined(TESSERA_KERNELS_SIMD_INTEGER_ROW_ACCESS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TESSERA_KERNELS_SIMD_INTEGER_ROW_ACCESS_INL_H_
#undef TESSERA_KERNELS_SIMD_INTEGER_ROW_ACCESS_INL_H_
#else
#define TESSERA_KERNELS_SIMD_INTEGER_ROW_ACCESS_INL_H_
#endif

#include "kernels/simd/integer/rows.h"

#include "kernels/simd/integer/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

// A vector, or the beginning of one where a row ends.
template <typename T, class Load>
HWY_INLINE auto load_some(const T* p, size_t count, const Load& load) {
  if (HWY_LIKELY(count >= kLanes)) return load(p);
  alignas(kAlignmentBytes) T part[kLanes] = {};
  std::memcpy(part, p, count * sizeof(T));
  return load(part);
}
template <typename T, class Store>
HWY_INLINE void store_some(T* p, size_t count, const Store& store) {
  if (HWY_LIKELY(count >= kLanes)) return store(p);
  alignas(kAlignmentBytes) T part[kLanes];
  store(part);
  std::memcpy(p, part, count * sizeof(T));
}
HWY_INLINE Floats load_floats(const float* p, size_t count) {
  return load_some(p, count, [](const float* q) HWY_ATTR { return hn::LoadU(kF, q); });
}
HWY_INLINE void store_floats(Floats x, float* p, size_t count) {
  store_some(p, count, [x](float* q) HWY_ATTR { hn::StoreU(x, kF, q); });
}
// Rows follow one another in memory, but the hardware's prefetchers stop where pages end.
template <typename T>
HWY_INLINE void fetch_ahead(const T* p) {
  constexpr size_t kAheadBytes = 1024;
  __builtin_prefetch(reinterpret_cast<const char*>(p) + kAheadBytes, 0, 3);
}

// Reads a row as numbers.
class Reader {
 public:
  HWY_INLINE explicit Reader(const RowOperand& row)
      : data_(row.data),
        format_(row.format),
        zero_(hn::Set(kI, row.codes.zero_point)),
        scale_(hn::Set(kF, row.codes.scale)),
        one_for_all_(row.step == 0),
        one_(scale_) {
    if (one_for_all_) one_ = hn::Set(kF, hn::GetLane(vector(0, 1)));
  }

  HWY_INLINE Floats load(size_t i, size_t count) const {
    return one_for_all_ ? one_ : vector(i, count);
  }

 private:
  template <typename Code>
  HWY_INLINE Floats decoded(size_t i, size_t count) const {
    const Code* const from = static_cast<const Code*>(data_) + i;
    fetch_ahead(from);
    const Ints codes = load_some(from, count, [](const Code* q) HWY_ATTR { return load_codes(q); });
    return hn::Mul(hn::ConvertTo(kF, hn::Sub(codes, zero_)), scale_);
  }
  HWY_INLINE Floats vector(size_t i, size_t count) const {
    if (format_ == Format::kFloat) return load_floats(static_cast<const float*>(data_) + i, count);
    if (format_ == Format::kCode8) return decoded<uint8_t>(i, count);
    return decoded<int16_t>(i, count);
  }

  const void* data_;
  Format format_;
  Ints zero_;
  Floats scale_;
  bool one_for_all_;
  Floats one_;
};

// Writes numbers as a row.
class Writer {
 public:
  HWY_INLINE explicit Writer(const RowResult& row)
      : data_(row.data), format_(row.format), coder_(row.codes) {}

  HWY_INLINE void store(Floats x, size_t i, size_t count) const {
    if (format_ == Format::kFloat) return store_floats(x, static_cast<float*>(data_) + i, count);
    const Ints codes = coder_.code_of(coder_.steps_of(x));
    if (format_ == Format::kCode8) {
      encoded<uint8_t>(codes, i, count);
    } else {
      encoded<int16_t>(codes, i, count);
    }
  }

 private:
  template <typename Code>
  HWY_INLINE void encoded(Ints codes, size_t i, size_t count) const {
    store_some(static_cast<Code*>(data_) + i, count,
               [codes](Code* q) HWY_ATTR { store_codes(codes, q); });
  }

  void* data_;
  Format format_;
  Coder coder_;
};

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#endif
