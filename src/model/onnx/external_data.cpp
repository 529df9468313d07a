#include "model/onnx/external_data.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include <fmt/format.h>

#include "model/foreign_file.h"

namespace tessera::onnx_import {
namespace {

namespace fs = std::filesystem;

bool stays_inside(const fs::path& relative) {
  if (relative.empty() || relative.is_absolute() || relative.has_root_name()) return false;
  return std::none_of(relative.begin(), relative.end(),
                      [](const fs::path& part) { return part == ".."; });
}

bool lies_in(const fs::path& file, const fs::path& folder) {
  const auto mismatch = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return mismatch.first == folder.end();
}

Result<fs::path> locate(const fs::path& folder, const std::string& location,
                        const std::string& subject) {
  if (folder.empty()) {
    return TESSERA_ERROR(kNotFound, subject,
                         fmt::format("its values are in the external file '{}'", location),
                         "open the model from its folder");
  }
  const fs::path relative(location);
  if (!stays_inside(relative) || location.find('\0') != std::string::npos) {
    return TESSERA_ERROR(
        kUnsafe, subject,
        fmt::format("its external file '{}' is not inside the model's folder", location),
        "a model may only read files beside it; export it again with a plain file name");
  }
  const fs::path path = folder / relative;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return TESSERA_ERROR(kNotFound, subject,
                         fmt::format("its values are in '{}', which does not exist", path.string()),
                         "put the external data file beside the .onnx file");
  }
  const fs::path real = fs::canonical(path, ignored);
  const fs::path base = fs::canonical(folder, ignored);
  if (ignored || !lies_in(real, base)) {
    return TESSERA_ERROR(
        kUnsafe, subject,
        fmt::format("its external file '{}' leads out of the model's folder", location),
        "replace the link by a copy of the file");
  }
  if (!fs::is_regular_file(real, ignored)) {
    return TESSERA_ERROR(kInvalidModel, subject,
                         fmt::format("its external data '{}' is not a file", path.string()), "");
  }
  return path;
}

// The range has the bytes that the tensor needs and lies in the file.
Result<void> check_range(const ExternalRange& range, int64_t expected, const std::string& file,
                         int64_t file_bytes, const std::string& subject) {
  if (range.length >= 0 && range.length != expected) {
    return TESSERA_ERROR(
        kCorrupt, subject,
        fmt::format("its external data has {} bytes, its shape needs {}", range.length, expected),
        "");
  }
  if (range.offset > file_bytes || expected > file_bytes - range.offset) {
    return TESSERA_ERROR(kCorrupt, subject,
                         fmt::format("needs {} bytes at offset {} of '{}', which has {}", expected,
                                     range.offset, file, file_bytes),
                         "check that the download or export finished");
  }
  return {};
}

// Where a file that is too short is a Git LFS pointer or the like, that is the error.
Error named_if_foreign(std::ifstream& in, const fs::path& path, Error error) {
  std::vector<uint8_t> begin(512);
  in.read(reinterpret_cast<char*>(begin.data()), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<size_t>(std::max<std::streamsize>(0, in.gcount())));
  auto foreign = name_foreign_file(begin);
  if (!foreign) return error;
  foreign->subject = error.subject;
  foreign->message = fmt::format("its values are in '{}': {}", path.string(), foreign->message);
  return std::move(*foreign);
}

}  // namespace

Result<int64_t> parse_external_number(const std::string& text, const std::string& subject,
                                      const char* field) {
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    return TESSERA_ERROR(kCorrupt, subject,
                         fmt::format("its external {} '{}' is not a number of bytes", field, text),
                         "");
  }
  return value;
}

Result<std::vector<uint8_t>> read_external(const fs::path& folder, const ExternalRange& range,
                                           int64_t expected, const std::string& subject) {
  TESSERA_TRY(const fs::path path, locate(folder, range.location, subject));
  std::error_code failed;
  const auto file_bytes = static_cast<int64_t>(fs::file_size(path, failed));
  if (failed) {
    return TESSERA_ERROR(kIo, subject, fmt::format("cannot read '{}'", path.string()), "");
  }
  std::ifstream in(path, std::ios::binary);
  if (auto checked = check_range(range, expected, path.string(), file_bytes, subject); !checked) {
    return named_if_foreign(in, path, std::move(checked).error());
  }
  std::vector<uint8_t> bytes(static_cast<size_t>(expected));
  in.seekg(range.offset);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(expected));
  if (!in && expected > 0) {
    return TESSERA_ERROR(kIo, subject, fmt::format("cannot read '{}'", path.string()), "");
  }
  return bytes;
}

std::string external_name(const std::string& location) {
  return fs::path(location).lexically_normal().generic_string();
}

Result<std::vector<uint8_t>> read_external(const ModelFiles& files, const ExternalRange& range,
                                           int64_t expected, const std::string& subject) {
  const std::string name = external_name(range.location);
  const auto found = files.find(name);
  if (found == files.end()) {
    return TESSERA_ERROR(
        kNotFound, subject, fmt::format("its values are in '{}', which does not exist", name),
        "build the package again with the external data file beside the .onnx file");
  }
  TESSERA_TRY_VOID(
      check_range(range, expected, name, static_cast<int64_t>(found->second.size()), subject));
  const auto begin = found->second.begin() + range.offset;
  return std::vector<uint8_t>(begin, begin + expected);
}

}  // namespace tessera::onnx_import
