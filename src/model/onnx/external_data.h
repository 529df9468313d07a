// External weights of an ONNX file: a byte range of a file beside it, never outside its folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/compiler/import.h"
#include "tessera/result.h"

namespace tessera::onnx_import {

struct ExternalRange {
  std::string location;  // relative path as the model says it
  int64_t offset = 0;    // bytes
  int64_t length = -1;   // bytes; -1: as many as the tensor needs
};

// `subject` names the tensor in errors, `field` the number.
Result<int64_t> parse_external_number(const std::string& text, const std::string& subject,
                                      const char* field);

// Exactly `expected` bytes. Errors: kUnsafe when the location is absolute, contains ".." or leads
// out of `folder` through a link; kNotFound naming the file; kCorrupt when the range does not fit.
Result<std::vector<uint8_t>> read_external(const std::filesystem::path& folder,
                                           const ExternalRange& range, int64_t expected,
                                           const std::string& subject);

// The same from memory. Errors: kNotFound, kCorrupt.
Result<std::vector<uint8_t>> read_external(const ModelFiles& files, const ExternalRange& range,
                                           int64_t expected, const std::string& subject);

// The location as a key of ModelFiles: without "." and repeated slashes.
std::string external_name(const std::string& location);

}  // namespace tessera::onnx_import
