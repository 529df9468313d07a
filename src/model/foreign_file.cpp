#include "model/foreign_file.h"

#include <algorithm>
#include <charconv>
#include <string>

#include <fmt/format.h>

namespace tessera {
namespace {

enum Kind : uint8_t {
  kLfsPointer,
  kAnnexPointer,
  kHtml,
  kXml,
  kJson,
  kGzip,
  kBzip2,
  kXz,
  kZstd,
  kSevenZip,
  kRar,
  kTar,
  kHdf5,
  kTflite,
  kGguf,
  kHef,
  kElf,
  kNpy,
  kSound,
  kPicture,
  kPdf,
  kScript,
  kZeros,
  kKinds,
};

constexpr std::string_view kUnpack = "unpack it and give the file inside";
constexpr std::string_view kConvert =
    "Tessera reads checkpoints of PyTorch, .safetensors and .onnx: convert the network to ONNX";

// In the order of Kind.
constexpr ForeignFile kFiles[] = {
    {"a Git LFS pointer, not the file it points to", "`version https://git-lfs.github.com/spec/`",
     "fetch the file itself: git lfs pull, or download it from the site's file page"},
    {"a git-annex pointer, not the file it points to", "`/annex/objects/`",
     "fetch the file itself: git annex get FILE"},
    {"an HTML page", "`<!doctype html` or `<html`",
     "the download gave a page instead of the file: open the address in a browser, log in if it "
     "asks, and download the file itself"},
    {"an XML document", "`<?xml`",
     "the download may have given a server's error: read the file, and download it again"},
    {"a JSON document", "an object or a list of JSON",
     "the download may have given a server's answer instead of the file: read it, and download "
     "the weights"},
    {"a gzip file", "1F 8B", kUnpack},
    {"a bzip2 file", "`BZh`", kUnpack},
    {"an xz file", "FD `7zXZ`", kUnpack},
    {"a Zstandard file", "28 B5 2F FD", kUnpack},
    {"a 7-Zip archive", "`7z` BC AF", kUnpack},
    {"a RAR archive", "`Rar!`", kUnpack},
    {"a tar archive", "`ustar`, and not the tar of PyTorch before 0.1.10",
     "unpack it and give the checkpoint inside; 'tessera har inspect' reads a HAR"},
    {"an HDF5 file, as Keras writes weights", "89 `HDF`", kConvert},
    {"a TensorFlow Lite model", "`TFL3`", kConvert},
    {"a GGUF model", "`GGUF`", kConvert},
    {"a compiled network of Hailo (HEF)", "01 `HEF`",
     "give the network that it was compiled from; 'tessera hef inspect' reads this file"},
    {"a program or a library (ELF)", "7F `ELF`", "give a network"},
    {"a NumPy array", "93 `NUMPY`", "give the network here, and the array as its input"},
    {"a sound file", "`RIFF`, `fLaC`, `OggS`, `ID3` or `FORM`",
     "give the network first, then the recording"},
    {"a picture", "89 `PNG`, FF D8 FF or `GIF8`", "give a network"},
    {"a PDF document", "`%PDF`", "give a network"},
    {"a program's text", "`#!`, `import ` or `from `",
     "give the weights that it loads, not the program"},
    {"nothing but zeros", "", "copy or download it again"},
};
static_assert(std::size(kFiles) == kKinds);

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// Text without a byte order mark and the space before its first word.
std::string_view text_after_space(std::span<const uint8_t> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == text.npos ? std::string_view() : text.substr(begin);
}

// Whether text may be JSON: what follows the bracket is a key, a value or the end.
bool looks_like_json(std::string_view text) {
  if (text.empty() || (text[0] != '{' && text[0] != '[')) return false;
  const size_t next = text.find_first_not_of(" \t\r\n", 1);
  if (next == text.npos) return false;
  const std::string_view follows = text[0] == '{' ? "\"}" : "\"]{[-0123456789tfn";
  const size_t shown = std::min<size_t>(text.size(), 4096);
  return follows.find(text[next]) != follows.npos &&
         std::none_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(shown), [](char c) {
           return static_cast<uint8_t>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
         });
}

std::optional<Kind> kind_of_text(std::string_view text) {
  const std::string begin = lower(text.substr(0, 64));
  const auto starts = [&](std::string_view word) { return begin.starts_with(word); };
  if (starts("version https://git-lfs.github.com/spec/")) return kLfsPointer;
  if (starts("/annex/objects/")) return kAnnexPointer;
  if (starts("<!doctype html") || starts("<html") || starts("<head") || starts("<!-- saved from"))
    return kHtml;
  if (starts("<?xml")) return kXml;
  if (starts("#!") || starts("import ") || starts("from ")) return kScript;
  if (looks_like_json(text)) return kJson;
  return std::nullopt;
}

// The old tar of PyTorch holds these members, in this order.
bool is_torch_tar(std::string_view file) {
  const std::string_view name = file.substr(0, std::min(file.find('\0'), size_t{100}));
  return name == "sys_info" || name == "pickle" || name == "tensors" || name == "storages";
}

std::optional<Kind> kind_of_bytes(std::string_view file) {
  struct Magic {
    std::string_view bytes;
    Kind kind;
    size_t at = 0;
  };
  static constexpr Magic kMagics[] = {
      {"\x1f\x8b", kGzip},
      {"BZh", kBzip2},
      {"\xfd"
       "7zXZ",
       kXz},
      {"\x28\xb5\x2f\xfd", kZstd},
      {"7z\xbc\xaf", kSevenZip},
      {"Rar!", kRar},
      {"\x89HDF", kHdf5},
      {"TFL3", kTflite, 4},
      {"GGUF", kGguf},
      {"\x01HEF", kHef},
      {"\x7f"
       "ELF",
       kElf},
      {"\x93NUMPY", kNpy},
      {"RIFF", kSound},
      {"fLaC", kSound},
      {"OggS", kSound},
      {"ID3", kSound},
      {"FORM", kSound},
      {"\x89PNG", kPicture},
      {"\xff\xd8\xff", kPicture},
      {"GIF8", kPicture},
      {"%PDF", kPdf},
  };
  for (const Magic& magic : kMagics) {
    if (file.size() >= magic.at && file.substr(magic.at).starts_with(magic.bytes))
      return magic.kind;
  }
  if (file.size() > 262 && file.substr(257).starts_with("ustar") && !is_torch_tar(file))
    return kTar;
  if (file.size() >= 16 && std::all_of(file.begin(), file.end(), [](char c) { return c == 0; }))
    return kZeros;
  return std::nullopt;
}

// What a pointer tells of its file: "size 123".
std::string stated_size(std::string_view text) {
  const size_t at = text.find("\nsize ");
  if (at == text.npos) return "";
  uint64_t bytes = 0;
  const char* begin = text.data() + at + 6;
  const auto parsed = std::from_chars(begin, text.data() + text.size(), bytes);
  return parsed.ec == std::errc() && bytes > 0 ? fmt::format(" ({} bytes)", bytes) : "";
}

}  // namespace

std::span<const ForeignFile> foreign_files() {
  return kFiles;
}

std::optional<Error> name_foreign_file(std::span<const uint8_t> bytes) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::optional<Kind> kind = kind_of_bytes(file);
  const std::string_view text = text_after_space(bytes);
  if (!kind) kind = kind_of_text(text);
  if (!kind) return std::nullopt;
  const ForeignFile& found = kFiles[*kind];
  std::string message = fmt::format("this is {}", found.kind);
  if (*kind == kLfsPointer) message += stated_size(text);
  const bool left_by_a_transfer = *kind <= kJson || *kind == kZeros;
  return Error{left_by_a_transfer ? ErrorCode::kCorrupt : ErrorCode::kUnsupported,
               std::move(message), "", std::string(found.next), TESSERA_HERE};
}

}  // namespace tessera
