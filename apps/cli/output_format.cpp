#include "cli/output_format.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;

struct FormatRow {
  OutputFormat format;
  std::string_view what;  // with its article
  std::string_view extension;
  std::string_view other_extension;  // also taken
  bool bare;                         // names without an extension are taken
  bool any;                          // and extensions that are no other format's
  // Where a network is written in several forms, the command that writes this one.
  std::string_view command;
};

constexpr std::array kFormats = {
    FormatRow{OutputFormat::onnx, "an ONNX file", ".onnx", "", false, false,
              "tessera export MODEL -o FILE.onnx"},
    FormatRow{OutputFormat::tflite, "a TensorFlow Lite file", ".tflite", "", false, false,
              "tessera export MODEL -o FILE.tflite"},
    FormatRow{OutputFormat::package, "a package", ".tess", "", true, true,
              "tessera build MODEL -o FILE.tess"},
    FormatRow{OutputFormat::graph_text, "the text of a graph", ".graph", ".txt", false, false,
              "tessera rewrite MODEL -o FILE.graph"},
    FormatRow{OutputFormat::npy, "a NumPy array", ".npy", "", true, false, ""},
    // 'build --calib' tells .npz by its name, in small letters.
    FormatRow{OutputFormat::npz, "a NumPy archive", ".npz", "", false, false, ""},
    FormatRow{OutputFormat::json, "a JSON document", ".json", "", false, false, ""},
    FormatRow{OutputFormat::svg, "an SVG drawing", ".svg", "", false, false, ""},
    FormatRow{OutputFormat::png, "a PNG picture", ".png", "", false, false, ""},
};

// Extensions of other formats that a name could promise.
constexpr std::string_view kForeign[] = {
    ".aif",    ".aiff", ".alls",        ".bmp",   ".caf",    ".ckpt", ".csv",     ".dot",  ".eim",
    ".engine", ".flac", ".gguf",        ".gif",   ".gz",     ".h5",   ".har",     ".hdf5", ".hef",
    ".html",   ".jpeg", ".jpg",         ".keras", ".mat",    ".md",   ".mlmodel", ".mp3",  ".ogg",
    ".opus",   ".ort",  ".pb",          ".pdf",   ".pickle", ".pkl",  ".pt",      ".pte",  ".pth",
    ".py",     ".rknn", ".safetensors", ".tar",   ".tgz",    ".toml", ".trt",     ".tsv",  ".wav",
    ".webp",   ".xlsx", ".xml",         ".yaml",  ".yml",    ".zip",  ".zst"};

const FormatRow& row_of(OutputFormat format) {
  return *std::find_if(kFormats.begin(), kFormats.end(),
                       [&](const FormatRow& row) { return row.format == format; });
}

bool has(const FormatRow& row, const std::string& extension) {
  return !extension.empty() && (extension == row.extension || extension == row.other_extension);
}

bool is_known(const std::string& extension) {
  return std::any_of(kFormats.begin(), kFormats.end(),
                     [&](const FormatRow& row) { return has(row, extension); }) ||
         std::find(std::begin(kForeign), std::end(kForeign), extension) != std::end(kForeign);
}

bool takes(const FormatRow& row, const fs::path& path) {
  if (!path.has_extension() || path.extension() == ".") return row.bare;
  if (row.format == OutputFormat::npz) return path.extension() == row.extension;
  const std::string extension = extension_of(path);
  return has(row, extension) || (row.any && !is_known(extension));
}

std::string free_name(const fs::path& path, std::string_view extension,
                      const std::function<bool(const std::string&)>& is_free) {
  fs::path name = path;
  name.replace_extension(extension);
  for (int i = 2; !is_free(name.string()); ++i) {
    name = path;
    name.replace_filename(fmt::format("{}_{}{}", path.stem().string(), i, extension));
  }
  return name.string();
}

}  // namespace

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return extension;
}

Result<void> check_format(const std::string& path, OutputFormat format,
                          const std::function<bool(const std::string&)>& is_free) {
  const FormatRow& row = row_of(format);
  if (takes(row, path)) return {};
  std::string hint = fmt::format("{} is written here: name it {}", row.what,
                                 free_name(path, row.extension, is_free));
  for (const FormatRow& other : kFormats) {
    if (row.command.empty() || other.command.empty() || !has(other, extension_of(path))) continue;
    hint += fmt::format("; '{}' writes {}", other.command, other.what);
  }
  return TESSERA_ERROR(kInvalidArgument, path, fmt::format("is not the name of {}", row.what),
                       std::move(hint));
}

Result<void> check_folder_name(const std::string& path, std::string_view contents) {
  // A folder is named after the model whose results it holds.
  constexpr std::array<std::string_view, 4> kModels{".ckpt", ".pt", ".pth", ".safetensors"};
  const std::string extension = extension_of(path);
  const bool of_model = std::find(kModels.begin(), kModels.end(), extension) != kModels.end();
  std::error_code unknown;
  if (of_model || !is_known(extension) || fs::is_directory(path, unknown)) return {};
  fs::path folder = path;
  folder.replace_extension();
  return TESSERA_ERROR(
      kInvalidArgument, path, "is the name of a file, not of a folder",
      fmt::format("{} are written into a folder: name it {}", contents, folder.string()));
}

}  // namespace tessera::cli
