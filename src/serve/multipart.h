// Bodies of several parts (RFC 2046, section 5.1; RFC 7578 for forms).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct MultipartPart {
  std::string name;          // of the form's field; empty where none is told
  std::string file_name;     // as the client wrote it: a label, never a path to open
  std::string content_type;  // lower case, without parameters; empty where none is told
  std::string_view body;     // into the body that was read
};

// The boundary of a Content-Type of kind multipart/*. Errors: kCorrupt (subject "Content-Type")
// where there is none, or none that RFC 2046 allows.
Result<std::string> multipart_boundary(std::string_view content_type);

// At most 16 parts with at most 16 header lines of 1 KiB each. `body` must outlive the parts.
// Errors: kCorrupt (subject "body") where the body does not follow the format or ends within it;
// kResourceLimit.
Result<std::vector<MultipartPart>> read_multipart(std::string_view body, std::string_view boundary);

// A body of multipart/form-data; `boundary` must not occur in the parts (free_boundary()). Names
// hold no quotes or control characters.
std::string write_multipart(std::span<const MultipartPart> parts, std::string_view boundary);

// A boundary that occurs in none of the parts.
std::string free_boundary(std::span<const MultipartPart> parts);

}  // namespace tessera
