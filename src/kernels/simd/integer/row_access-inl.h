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

// Reads a row of T, which is not one value for all, as numbers.
template <typename T>
class RowReader {
 public:
  HWY_INLINE explicit RowReader(const RowOperand& row)
      : data_(static_cast<const T*>(row.data)),
        zero_(hn::Set(kI, row.codes.zero_point)),
        scale_(hn::Set(kF, row.codes.scale)) {}

  HWY_INLINE Floats load(size_t i, size_t count) const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return load_floats(data_ + i, count);
    } else {
      fetch_ahead(data_ + i);
      const Ints codes =
          load_some(data_ + i, count, [](const T* p) HWY_ATTR { return load_codes(p); });
      return hn::Mul(hn::ConvertTo(kF, hn::Sub(codes, zero_)), scale_);
    }
  }

 private:
  const T* data_;
  Ints zero_;
  Floats scale_;
};

// Reads any row.
class Reader {
 public:
  HWY_INLINE explicit Reader(const RowOperand& row)
      : format_(row.format),
        floats_(row),
        codes8_(row),
        codes16_(row),
        one_for_all_(row.step == 0),
        one_(hn::Zero(kF)) {
    if (one_for_all_) one_ = hn::Set(kF, hn::GetLane(vector(0, 1)));
  }

  HWY_INLINE Floats load(size_t i, size_t count) const {
    return one_for_all_ ? one_ : vector(i, count);
  }

 private:
  HWY_INLINE Floats vector(size_t i, size_t count) const {
    if (format_ == Format::kFloat) return floats_.load(i, count);
    if (format_ == Format::kCode8) return codes8_.load(i, count);
    return codes16_.load(i, count);
  }

  Format format_;
  RowReader<float> floats_;
  RowReader<uint8_t> codes8_;
  RowReader<int16_t> codes16_;
  bool one_for_all_;
  Floats one_;
};

// Writes numbers as a row of T.
template <typename T>
class RowWriter {
 public:
  HWY_INLINE explicit RowWriter(const RowResult& row)
      : data_(static_cast<T*>(row.data)), coder_(row.codes) {}

  HWY_INLINE void store(Floats x, size_t i, size_t count) const {
    if constexpr (sizeof(T) == sizeof(float)) {
      store_floats(x, data_ + i, count);
    } else {
      const Ints codes = coder_.code_of(coder_.steps_of(x));
      store_some(data_ + i, count, [codes](T* p) HWY_ATTR { store_codes(codes, p); });
    }
  }

 private:
  T* data_;
  Coder coder_;
};

// Writes any row.
class Writer {
 public:
  HWY_INLINE explicit Writer(const RowResult& row)
      : format_(row.format), floats_(row), codes8_(row), codes16_(row) {}

  HWY_INLINE void store(Floats x, size_t i, size_t count) const {
    if (format_ == Format::kFloat) return floats_.store(x, i, count);
    if (format_ == Format::kCode8) return codes8_.store(x, i, count);
    codes16_.store(x, i, count);
  }

 private:
  Format format_;
  RowWriter<float> floats_;
  RowWriter<uint8_t> codes8_;
  RowWriter<int16_t> codes16_;
};

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#endif
