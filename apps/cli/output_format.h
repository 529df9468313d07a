// What is written into a file, and the extensions that say so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "tessera/result.h"

namespace tessera::cli {

enum class OutputFormat : uint8_t { onnx, tflite, package, graph_text, npy, npz, json, svg, png };

// Refuses a name whose extension is not one of the format's: the file would say that it is
// something else. Packages take any name that says nothing else; they and .npy files, which are
// told by their content, also names without an extension. Errors: kInvalidArgument; its hint holds
// a name that is accepted and for which `is_free` holds.
Result<void> check_format(const std::string& path, OutputFormat format,
                          const std::function<bool(const std::string&)>& is_free);

// Refuses a folder that does not exist yet and would be named like a file: voice.wav. `contents`
// names what is written into it. Errors: kInvalidArgument.
Result<void> check_folder_name(const std::string& path, std::string_view contents);

// The extension in lower case: ".onnx".
std::string extension_of(const std::filesystem::path& path);

}  // namespace tessera::cli
