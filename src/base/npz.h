// NumPy's .npz: a zip of .npy files, as numpy.savez writes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/npy.h"
#include "tessera/result.h"

namespace tessera {

class ZipArchive;

// An archive in memory; arrays are decompressed one by one as they are asked for. What is no .npy
// in it is not looked at.
class NpzFile {
 public:
  // Errors: those of read_file; kCorrupt, kUnsafe and kUnsupported for the archive.
  static Result<NpzFile> open(const std::filesystem::path& path,
                              uint64_t limit_bytes = kNpyLimitBytes);
  // From memory; `subject` names the source in errors.
  static Result<NpzFile> parse(std::vector<uint8_t> bytes, std::string subject);
  NpzFile(NpzFile&&) noexcept;
  NpzFile& operator=(NpzFile&&) noexcept;
  ~NpzFile();

  // Of the arrays, in the file's order.
  const std::vector<std::string>& names() const { return names_; }
  bool contains(std::string_view name) const;

  // Errors: kNotFound; kCorrupt where the contents differ from their checksum; those of parse_npy.
  Result<NpyArray> read(std::string_view name) const;

 private:
  NpzFile() = default;

  std::string subject_;
  std::vector<uint8_t> bytes_;
  std::unique_ptr<ZipArchive> archive_;  // views of bytes_
  std::vector<std::string> names_;
};

}  // namespace tessera
