#include "base/npy.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "base/npy_header.h"
#include "tessera/compiler/tensor.h"

namespace tessera {
namespace {

constexpr uint8_t kMagic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
constexpr size_t kHeaderAlignment = 64;

Error corrupt_npy(std::string_view subject, std::string message) {
  return TESSERA_ERROR(kCorrupt, std::string(subject), std::move(message),
                       "write it again with numpy.save");
}

// The IEEE 754 binary16 value with these bits.
float float_from_half(uint16_t half) {
  const int exponent = (half >> 10) & 0x1f;
  const float mantissa = static_cast<float>(half & 0x3ff);
  float magnitude = 0.0F;
  if (exponent == 0x1f) {
    magnitude = mantissa == 0.0F ? std::numeric_limits<float>::infinity()
                                 : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(mantissa, -24);
  } else {
    magnitude = std::ldexp(mantissa + 1024.0F, exponent - 25);
  }
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

// One stored element as an unsigned integer of the same bits, whatever the byte order.
template <typename Bits>
Bits load_bits(const uint8_t* source, bool big_endian) {
  uint64_t bits = 0;
  for (size_t i = 0; i < sizeof(Bits); ++i) {
    const size_t shift = 8 * (big_endian ? sizeof(Bits) - 1 - i : i);
    bits |= static_cast<uint64_t>(source[i]) << shift;
  }
  return static_cast<Bits>(bits);
}

template <typename Bits, typename Convert>
void load_all(std::span<const uint8_t> bytes, bool big_endian, std::span<float> values,
              Convert convert) {
  const uint8_t* source = bytes.data();
  for (float& value : values) {
    value = convert(load_bits<Bits>(source, big_endian));
    source += sizeof(Bits);
  }
}

template <typename Integer>
float from_integer(std::make_unsigned_t<Integer> bits) {
  return static_cast<float>(static_cast<Integer>(bits));
}

void load_values(std::span<const uint8_t> bytes, const NpyHeader& header, std::span<float> values) {
  const bool big = header.big_endian;
  const auto load = [&]<typename Integer>(Integer) {
    load_all<std::make_unsigned_t<Integer>>(bytes, big, values, from_integer<Integer>);
  };
  const bool is_signed = header.kind == 'i';
  if (header.kind == 'f' && header.item_bytes == 4) {
    load_all<uint32_t>(bytes, big, values,
                       [](uint32_t bits) { return std::bit_cast<float>(bits); });
  } else if (header.kind == 'f' && header.item_bytes == 8) {
    load_all<uint64_t>(bytes, big, values, [](uint64_t bits) {
      return static_cast<float>(std::bit_cast<double>(bits));
    });
  } else if (header.kind == 'f') {
    load_all<uint16_t>(bytes, big, values, float_from_half);
  } else if (header.kind == 'b') {
    load_all<uint8_t>(bytes, big, values, [](uint8_t bits) { return bits != 0 ? 1.0F : 0.0F; });
  } else if (header.item_bytes == 1) {
    is_signed ? load(int8_t{}) : load(uint8_t{});
  } else if (header.item_bytes == 2) {
    is_signed ? load(int16_t{}) : load(uint16_t{});
  } else if (header.item_bytes == 4) {
    is_signed ? load(int32_t{}) : load(uint32_t{});
  } else {
    is_signed ? load(int64_t{}) : load(uint64_t{});
  }
}

// Fortran order (first index fastest) -> C order (last index fastest).
std::vector<float> to_c_order(std::span<const float> values, std::span<const int64_t> dims) {
  std::vector<float> result(values.size());
  std::vector<int64_t> index(dims.size(), 0);
  std::vector<size_t> stride(dims.size(), 1);
  for (size_t axis = 1; axis < dims.size(); ++axis) {
    stride[axis] = stride[axis - 1] * static_cast<size_t>(dims[axis - 1]);
  }
  size_t source = 0;
  for (float& value : result) {
    value = values[source];
    for (size_t axis = dims.size(); axis-- > 0;) {
      source += stride[axis];
      if (++index[axis] < dims[axis]) break;
      source -= stride[axis] * static_cast<size_t>(dims[axis]);
      index[axis] = 0;
    }
  }
  return result;
}

// The header text and where the values start.
struct Preamble {
  std::string_view header;
  size_t data_offset = 0;
};

Result<Preamble> split_preamble(std::span<const uint8_t> bytes, std::string_view subject) {
  if (bytes.empty()) return corrupt_npy(subject, "is empty (0 bytes)");
  if (bytes.size() < 10 || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) {
    return corrupt_npy(subject, "is not a .npy file");
  }
  const int version = bytes[6];
  if (version < 1 || version > 3) {
    return TESSERA_ERROR(kUnsupported, std::string(subject),
                         fmt::format(".npy version {} is not known; 1 to 3 are", version),
                         "write it again with numpy.save");
  }
  const size_t length_bytes = version == 1 ? 2 : 4;
  if (bytes.size() < 8 + length_bytes) return corrupt_npy(subject, "ends within its header");
  const uint64_t length =
      version == 1 ? load_bits<uint16_t>(&bytes[8], false) : load_bits<uint32_t>(&bytes[8], false);
  const size_t start = 8 + length_bytes;
  if (length > bytes.size() - start) return corrupt_npy(subject, "ends within its header");
  Preamble preamble;
  preamble.header = {reinterpret_cast<const char*>(bytes.data()) + start,
                     static_cast<size_t>(length)};
  preamble.data_offset = start + static_cast<size_t>(length);
  return preamble;
}

}  // namespace

Result<NpyArray> parse_npy(std::span<const uint8_t> bytes, std::string_view subject) {
  TESSERA_TRY(const Preamble preamble, split_preamble(bytes, subject));
  TESSERA_TRY(NpyHeader header, parse_npy_header(preamble.header, subject));
  const std::span<const uint8_t> data = bytes.subspan(preamble.data_offset);
  // The count is bounded by the bytes that are really there before anything is allocated.
  uint64_t count = 1;
  bool too_many = false;
  for (const int64_t dim : header.dims) {
    if (dim == 0) {
      count = 0;
      too_many = false;
      break;
    }
    too_many = too_many || count > data.size() / static_cast<uint64_t>(dim);
    if (!too_many) count *= static_cast<uint64_t>(dim);
  }
  if (too_many || count * header.item_bytes != data.size()) {
    return corrupt_npy(
        subject, fmt::format("holds {} bytes of values, its header says {} of {}", data.size(),
                             dims_to_string(header.dims), header.descr));
  }
  NpyArray array;
  array.values.resize(static_cast<size_t>(count));
  load_values(data, header, array.values);
  if (header.fortran_order && header.dims.size() > 1) {
    array.values = to_c_order(array.values, header.dims);
  }
  array.dims = std::move(header.dims);
  array.dtype = std::move(header.descr);
  return array;
}

Result<NpyHeader> npy_header_of(std::span<const uint8_t> file, std::string_view subject) {
  TESSERA_TRY(const Preamble preamble, split_preamble(file, subject));
  return parse_npy_header(preamble.header, subject);
}

Result<NpyArray> read_npy(const std::filesystem::path& path, uint64_t limit_bytes) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, limit_bytes));
  TESSERA_TRY(NpyArray array, parse_npy(bytes, path.string()));
  TESSERA_TRY_VOID(check_finite(array, path.string()));
  return array;
}

Result<void> check_finite(const NpyArray& array, std::string_view subject) {
  const auto broken = [](float value) { return !std::isfinite(value); };
  const auto first = std::find_if(array.values.begin(), array.values.end(), broken);
  if (first == array.values.end()) return {};
  auto flat = static_cast<int64_t>(first - array.values.begin());
  std::vector<int64_t> index(array.dims.size());
  for (size_t axis = index.size(); axis-- > 0; flat /= array.dims[axis])
    index[axis] = flat % array.dims[axis];
  return TESSERA_ERROR(
      kCorrupt, std::string(subject),
      fmt::format("{} of its {} values are NaN, infinite or beyond float32, the first at {}",
                  std::count_if(first, array.values.end(), broken), array.values.size(),
                  dims_to_string(index)),
      "repair or write it again");
}

std::vector<uint8_t> format_npy(std::span<const int64_t> dims, std::span<const float> values) {
  std::string shape;
  uint64_t count = 1;
  for (const int64_t dim : dims) {
    shape += fmt::format("{}, ", dim);
    count *= static_cast<uint64_t>(dim);
  }
  TESSERA_CHECK(count == values.size(), "npy dimensions and values agree");
  if (dims.size() > 1) shape.resize(shape.size() - 2);
  if (dims.size() == 1) shape.pop_back();
  std::string header =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", shape);
  const size_t unpadded = sizeof kMagic + 4 + header.size() + 1;
  header.append((kHeaderAlignment - unpadded % kHeaderAlignment) % kHeaderAlignment, ' ');
  header += '\n';
  TESSERA_CHECK(header.size() <= 0xffff, "npy headers of arrays with few dimensions are short");

  std::vector<uint8_t> bytes(kMagic, kMagic + sizeof kMagic);
  bytes.reserve(unpadded + kHeaderAlignment + 4 * values.size());
  bytes.insert(bytes.end(), {1, 0, static_cast<uint8_t>(header.size() & 0xff),
                             static_cast<uint8_t>(header.size() >> 8)});
  bytes.insert(bytes.end(), header.begin(), header.end());
  for (const float value : values) {
    const auto bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<uint8_t>((bits >> shift) & 0xff));
    }
  }
  return bytes;
}

Result<void> write_npy(const std::filesystem::path& path, std::span<const int64_t> dims,
                       std::span<const float> values, WriteOptions options) {
  return write_file_atomically(path, format_npy(dims, values), options);
}

}  // namespace tessera
