// NumPy's .npy: the plain format in which tests, calibration data and model inputs travel.
// Format: numpy.lib.format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/file.h"
#include "tessera/result.h"

namespace tessera {

// Values in C order whatever the file's order was. No dims = a scalar (one value); a dim may be 0.
struct NpyArray {
  std::vector<int64_t> dims;
  std::vector<float> values;
  std::string
      dtype;  // as the file spells it, e.g. "<f4", ">i2"; wider types are rounded to float32
};

inline constexpr uint64_t kNpyLimitBytes = uint64_t{4} << 30;

// Versions 1 to 3; bool, signed and unsigned integers of 1 to 8 bytes, floats of 2, 4, 8; either
// byte order. Errors: kCorrupt for a broken header or a size that differs from what the header
// says, and where check_finite() objects; kUnsafe for pickled objects; kUnsupported for other
// types; those of read_file.
Result<NpyArray> read_npy(const std::filesystem::path& path, uint64_t limit_bytes = kNpyLimitBytes);

// Errors: kCorrupt where values are NaN or infinite, as float32: how many, and where the first is.
Result<void> check_finite(const NpyArray& array, std::string_view subject);

// From memory; values may be anything. `subject` names the source in errors.
Result<NpyArray> parse_npy(std::span<const uint8_t> bytes, std::string_view subject);

// Version 1, '<f4', C order. `values` holds exactly the product of `dims` (a mismatch is a bug).
std::vector<uint8_t> format_npy(std::span<const int64_t> dims, std::span<const float> values);
Result<void> write_npy(const std::filesystem::path& path, std::span<const int64_t> dims,
                       std::span<const float> values, WriteOptions options = {});

}  // namespace tessera
