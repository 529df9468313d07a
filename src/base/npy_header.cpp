#include "base/npy_header.h"

#include <bit>
#include <charconv>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr size_t kMaxDims = 32;  // NumPy's own limit until 2.0
constexpr size_t kMaxHeaderBytes = 1 << 16;

Error broken(std::string_view subject, std::string_view what) {
  return TESSERA_ERROR(kCorrupt, std::string(subject),
                       fmt::format("has a broken .npy header: {}", what),
                       "write it again with numpy.save");
}

// A cursor over the literal; every take skips blanks first.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool take(char c) {
    skip_blanks();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take_word(std::string_view word) {
    skip_blanks();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  // 'text' or "text", without escapes (NumPy writes none for plain types).
  bool take_string(std::string& value) {
    skip_blanks();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) return false;
    const size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) return false;
    value = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return true;
  }

  // Not negative. Python 2 wrote a trailing L.
  bool take_integer(int64_t& value) {
    skip_blanks();
    const auto [end, failed] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (failed != std::errc() || value < 0) return false;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    if (!rest_.empty() && rest_.front() == 'L') rest_.remove_prefix(1);
    return true;
  }

  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

  bool next_is(char c) {
    skip_blanks();
    return !rest_.empty() && rest_.front() == c;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n')) {
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
};

Result<void> scan_shape(Scanner& scan, std::string_view subject, std::vector<int64_t>& dims) {
  if (!scan.take('(')) return broken(subject, "'shape' is not a tuple");
  while (!scan.take(')')) {
    int64_t dim = 0;
    if (!scan.take_integer(dim)) return broken(subject, "'shape' holds something else than sizes");
    if (dims.size() == kMaxDims) return broken(subject, "'shape' has more than 32 dimensions");
    dims.push_back(dim);
    if (!scan.take(',') && !scan.next_is(')')) return broken(subject, "'shape' is not a tuple");
  }
  return {};
}

// "<f4" -> byte order, kind, size.
Result<void> interpret_descr(NpyHeader& header, std::string_view subject) {
  const std::string_view descr = header.descr;
  const auto unsupported = [&] {
    return TESSERA_ERROR(kUnsupported, std::string(subject),
                         fmt::format("holds values of type '{}', which is not read", descr),
                         "convert it with array.astype('float32')");
  };
  if (descr.find('O') != std::string_view::npos) {
    return TESSERA_ERROR(kUnsafe, std::string(subject),
                         "holds pickled Python objects, which could run code",
                         "save plain numbers: numpy.save(path, array.astype('float32'))");
  }
  if (descr.size() != 3 || std::string_view("<>=|").find(descr[0]) == std::string_view::npos) {
    return unsupported();
  }
  header.kind = descr[1];
  header.item_bytes = static_cast<size_t>(descr[2] - '0');
  const bool native_big = std::endian::native == std::endian::big;
  header.big_endian = descr[0] == '>' || (descr[0] == '=' && native_big);
  const size_t n = header.item_bytes;
  const bool integer = header.kind == 'i' || header.kind == 'u';
  const bool known = (header.kind == 'f' && (n == 2 || n == 4 || n == 8)) ||
                     (integer && (n == 1 || n == 2 || n == 4 || n == 8)) ||
                     (header.kind == 'b' && n == 1);
  if (!known) return unsupported();
  return {};
}

}  // namespace

Result<NpyHeader> parse_npy_header(std::string_view text, std::string_view subject) {
  if (text.size() > kMaxHeaderBytes) return broken(subject, "longer than 65536 bytes");
  NpyHeader header;
  Scanner scan(text);
  bool has_descr = false;
  bool has_order = false;
  bool has_shape = false;
  if (!scan.take('{')) return broken(subject, "it is not a dictionary");
  while (!scan.take('}')) {
    std::string key;
    if (!scan.take_string(key) || !scan.take(':')) return broken(subject, "a key is missing");
    if (key == "descr" && !has_descr) {
      if (scan.next_is('[')) {
        return TESSERA_ERROR(kUnsupported, std::string(subject), "holds records with named fields",
                             "save one field: numpy.save(path, array['name'])");
      }
      has_descr = scan.take_string(header.descr);
      if (!has_descr) return broken(subject, "'descr' is not a string");
    } else if (key == "fortran_order" && !has_order) {
      header.fortran_order = scan.take_word("True");
      if (!header.fortran_order && !scan.take_word("False")) {
        return broken(subject, "'fortran_order' is neither True nor False");
      }
      has_order = true;
    } else if (key == "shape" && !has_shape) {
      TESSERA_TRY_VOID(scan_shape(scan, subject, header.dims));
      has_shape = true;
    } else {
      return broken(subject, fmt::format("key '{}' is unknown or given twice", key));
    }
    if (!scan.take(',') && !scan.next_is('}')) return broken(subject, "a comma is missing");
  }
  if (!scan.at_end()) return broken(subject, "something follows the dictionary");
  if (!has_descr || !has_order || !has_shape) {
    return broken(subject, "'descr', 'fortran_order' or 'shape' is missing");
  }
  TESSERA_TRY_VOID(interpret_descr(header, subject));
  return header;
}

}  // namespace tessera
