#include "serve/multipart.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/hash.h"

namespace tessera {
namespace {

constexpr size_t kMaxParts = 16;
constexpr size_t kMaxHeaderLines = 16;
constexpr size_t kMaxHeaderBytes = 1024;  // of a line
constexpr size_t kMaxBoundaryBytes = 70;  // RFC 2046
constexpr std::string_view kLineEnd = "\r\n";

Error corrupt(std::string message) {
  return TESSERA_ERROR(kCorrupt, "body", std::move(message),
                       "send multipart/form-data as a browser or curl -F does");
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_boundary_character(char c) {
  constexpr std::string_view kOthers = "'()+_,-./:=? ";
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         kOthers.find(c) != std::string_view::npos;
}

// The value of "name=" among the parameters behind the first ';', its quotes taken off.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  size_t at = header.find(';');
  while (at != std::string_view::npos) {
    header.remove_prefix(at + 1);
    const size_t equals = header.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const bool found = lowered(trimmed(header.substr(0, equals))) == name;
    header = trimmed(header.substr(equals + 1));
    std::string value;
    if (header.starts_with('"')) {
      size_t i = 1;
      for (; i < header.size() && header[i] != '"'; ++i) {
        if (header[i] == '\\' && i + 1 < header.size()) ++i;
        value += header[i];
      }
      if (i >= header.size()) return std::nullopt;
      header.remove_prefix(i + 1);
    } else {
      value = trimmed(header.substr(0, header.find(';')));
    }
    if (found) return value;
    at = header.find(';');
  }
  return std::nullopt;
}

// Lines up to the empty one, which goes too.
Result<MultipartPart> read_headers(std::string_view& rest) {
  MultipartPart part;
  for (size_t lines = 0;; ++lines) {
    const size_t end = rest.find(kLineEnd);
    if (end == std::string_view::npos) return corrupt("ends within the headers of a part");
    if (end > kMaxHeaderBytes || lines > kMaxHeaderLines)
      return TESSERA_ERROR(kResourceLimit, "body", "a part has headers beyond measure",
                           "leave them out");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + kLineEnd.size());
    if (line.empty()) return part;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return corrupt("a part has a line that is no header");
    const std::string name = lowered(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (name == "content-disposition") {
      part.name = parameter(value, "name").value_or("");
      part.file_name = parameter(value, "filename").value_or("");
    } else if (name == "content-type") {
      part.content_type = lowered(trimmed(value.substr(0, value.find(';'))));
    } else if (name == "content-transfer-encoding" && lowered(value) != "binary" &&
               lowered(value) != "8bit" && lowered(value) != "7bit") {
      return corrupt(
          fmt::format("a part is encoded as {}; bytes are expected as they are", lowered(value)));
    }
  }
}

}  // namespace

Result<std::string> multipart_boundary(std::string_view content_type) {
  const std::optional<std::string> boundary = parameter(content_type, "boundary");
  const bool valid = boundary && !boundary->empty() && boundary->size() <= kMaxBoundaryBytes &&
                     boundary->back() != ' ' &&
                     std::all_of(boundary->begin(), boundary->end(), is_boundary_character);
  if (valid) return *boundary;
  return TESSERA_ERROR(kCorrupt, "Content-Type", "names no boundary of 1 to 70 characters",
                       "write multipart/form-data; boundary=...");
}

Result<std::vector<MultipartPart>> read_multipart(std::string_view body,
                                                  std::string_view boundary) {
  const std::string delimiter = "--" + std::string(boundary);
  const std::string next = std::string(kLineEnd) + delimiter;
  std::string_view rest = body;
  if (rest.starts_with(delimiter)) {
    rest.remove_prefix(delimiter.size());
  } else {
    const size_t begin = rest.find(next);  // behind a preamble
    if (begin == std::string_view::npos)
      return corrupt("does not hold the boundary that Content-Type names");
    rest.remove_prefix(begin + next.size());
  }
  std::vector<MultipartPart> parts;
  while (!rest.starts_with("--")) {
    while (rest.starts_with(' ') || rest.starts_with('\t')) rest.remove_prefix(1);
    if (!rest.starts_with(kLineEnd))
      return corrupt("a boundary is followed by something else than a line end");
    rest.remove_prefix(kLineEnd.size());
    if (parts.size() == kMaxParts)
      return TESSERA_ERROR(kResourceLimit, "body", fmt::format("has more than {} parts", kMaxParts),
                           "send the recording alone");
    TESSERA_TRY(MultipartPart part, read_headers(rest));
    // An empty part's boundary follows its empty line at once.
    const bool is_empty = rest.starts_with(delimiter);
    const size_t end = is_empty ? 0 : rest.find(next);
    if (end == std::string_view::npos)
      return corrupt("ends within a part: its last boundary is missing");
    part.body = rest.substr(0, end);
    rest.remove_prefix(is_empty ? delimiter.size() : end + next.size());
    parts.push_back(std::move(part));
  }
  return parts;
}

std::string write_multipart(std::span<const MultipartPart> parts, std::string_view boundary) {
  std::string text;
  for (const MultipartPart& part : parts) {
    text += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"", boundary, part.name);
    if (!part.file_name.empty()) text += fmt::format("; filename=\"{}\"", part.file_name);
    text += kLineEnd;
    if (!part.content_type.empty()) text += fmt::format("Content-Type: {}\r\n", part.content_type);
    text += kLineEnd;
    text += part.body;
    text += kLineEnd;
  }
  text += fmt::format("--{}--{}", boundary, kLineEnd);
  return text;
}

std::string free_boundary(std::span<const MultipartPart> parts) {
  ContentHasher hasher;
  for (const MultipartPart& part : parts) hasher.update(part.body);
  for (;;) {
    const std::string boundary = "tessera-" + hasher.hex();
    const bool occurs = std::any_of(parts.begin(), parts.end(), [&](const MultipartPart& part) {
      return part.body.find(boundary) != std::string_view::npos;
    });
    if (!occurs) return boundary;
    hasher.update(boundary);
  }
}

}  // namespace tessera
