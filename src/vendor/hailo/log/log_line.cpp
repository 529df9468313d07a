#include "vendor/hailo/log/log_line.h"

#include <algorithm>
#include <array>

#include "vendor/hailo/log/characters.h"
#include "vendor/hailo/log/pattern.h"

namespace tessera::hailo {
namespace {

constexpr size_t kLongestLine = size_t{64} << 10;

// Bytes of a terminal's escape sequence at `at`.
size_t escape_bytes(std::string_view text, size_t at) {
  if (at + 1 >= text.size()) return 1;
  if (text[at + 1] == '[') {
    size_t end = at + 2;
    while (end < text.size() && (text[end] < '@' || text[end] > '~')) ++end;
    return std::min(end + 1, text.size()) - at;
  }
  if (text[at + 1] == ']') {  // a title, up to BEL or the end
    const size_t bell = text.find('\a', at);
    return (bell == std::string_view::npos ? text.size() : bell + 1) - at;
  }
  return 2;
}

// Without escapes and control characters (a NUL is what UTF-16 and holes leave), blanks collapsed.
std::string plain(std::string_view raw) {
  // Marks of byte order: of UTF-16, in which every other byte of ASCII is a NUL, and of UTF-8.
  for (const std::string_view mark : {"\xff\xfe", "\xfe\xff", "\xef\xbb\xbf"}) {
    if (raw.starts_with(mark)) raw.remove_prefix(mark.size());
  }
  std::string text;
  text.reserve(raw.size());
  for (size_t at = 0; at < raw.size();) {
    const char c = raw[at];
    if (c == '\x1b') {
      at += escape_bytes(raw, at);
      continue;
    }
    ++at;
    if (c == ' ' || c == '\t') {
      if (!text.empty() && text.back() != ' ') text += ' ';
    } else if (static_cast<uint8_t>(c) >= 0x20 && c != 0x7f) {
      text += c;
    }
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string_view level_of(std::string_view word) {
  struct Row {
    std::string_view word, level;
  };
  constexpr Row kLevels[] = {
      {"info", "info"},     {"warning", "warning"},   {"warn", "warning"},
      {"error", "error"},   {"critical", "critical"}, {"debug", "info"},
      {"trace", "info"},    {"important", "info"},    {"deprecation_warning", "warning"},
      {"fatal", "critical"}};
  for (const Row& row : kLevels) {
    if (word.size() == row.word.size() && find_ignoring_case(word, row.word) == 0) return row.level;
  }
  return {};
}

// "2026-01-15 05:35:27.861 " or "2025-04-13T12:20:32.014495294Z ".
size_t timestamp_bytes(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd dd:dd:dd";
  if (text.size() < kForm.size()) return 0;
  for (size_t i = 0; i < kForm.size(); ++i) {
    const bool fits = kForm[i] == 'd'   ? is_digit(text[i])
                      : kForm[i] == ' ' ? text[i] == ' ' || text[i] == 'T'
                                        : text[i] == kForm[i];
    if (!fits) return 0;
  }
  size_t n = kForm.size();
  while (n < text.size() && (is_digit(text[n]) || text[n] == '.' || text[n] == ',' ||
                             text[n] == 'Z' || text[n] == '+' || text[n] == ':')) {
    ++n;
  }
  return n;
}

// "Nov 30 08:46:59 host python3[123]: ".
size_t syslog_bytes(std::string_view text) {
  if (text.size() < 20 || !is_letter(text[0]) || !is_letter(text[1]) || !is_letter(text[2]) ||
      text[3] != ' ') {
    return 0;
  }
  const size_t colon = text.find(':');
  const bool clock = colon != std::string_view::npos && colon >= 6 && colon <= 10 &&
                     colon + 5 < text.size() && is_digit(text[colon - 1]) &&
                     is_digit(text[colon + 1]) && text[colon + 3] == ':';
  if (!clock) return 0;
  const size_t end = text.find(": ", colon + 6);
  return end == std::string_view::npos || end > 120 ? 0 : end + 2;
}

// "detector_1 | " of a group of containers. Rows of tables begin with their sign.
size_t service_bytes(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && n < 64 && (is_word(text[n]) || text[n] == '-' || text[n] == '.')) {
    ++n;
  }
  if (n == 0 || text.substr(n, 3) != " | ") return 0;
  return n + 3;
}

// " - ERROR - hailo_tools_runner.py:582 - " after a timestamp.
size_t logger_bytes(std::string_view text, std::string_view& level) {
  if (!text.starts_with("- ")) return 0;
  const size_t end = text.find(" - ", 2);
  if (end == std::string_view::npos || end > 40) return 0;
  level = level_of(text.substr(2, end - 2));
  if (level.empty()) return 0;
  const size_t file = text.find(" - ", end + 3);
  return file == std::string_view::npos || file > 160 ? end + 3 : file + 3;
}

// "[node-1]", "[    3.42]", "[HailoRT]": told apart from lists by what they hold.
size_t bracket_bytes(std::string_view text, std::string_view& level, bool& tagged) {
  if (text.empty() || text[0] != '[') return 0;
  const size_t close = text.find(']');
  if (close == std::string_view::npos || close > 80) return 0;
  const std::string_view inside = text.substr(1, close - 1);
  if (inside.empty() || inside.find_first_of("'\"(=<>#") != std::string_view::npos) return 0;
  const std::string_view told = level_of(inside);
  if (!told.empty()) {
    level = told;
    tagged = true;
  }
  return close + 1;
}

// What a quotation, a comment or a box around a traceback puts before a line.
size_t quotation_bytes(std::string_view text) {
  for (const std::string_view mark : {"> ", "# ", "\xe2\x94\x82 "}) {
    if (text.starts_with(mark)) return mark.size();
  }
  return 0;
}

// Takes the prefixes off; `line` learns of level and record.
std::string_view strip_prefixes(std::string_view text, LogLine& line) {
  for (int depth = 0; depth < 8; ++depth) {
    size_t n = timestamp_bytes(text);
    if (n == 0) n = quotation_bytes(text);
    if (n == 0) n = syslog_bytes(text);
    if (n == 0) n = service_bytes(text);
    if (n == 0) {
      n = logger_bytes(text, line.level);
      line.begins_record = line.begins_record || n > 0;
    }
    if (n == 0) n = bracket_bytes(text, line.level, line.begins_record);
    if (n == 0) break;
    text.remove_prefix(n);
    while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
  }
  return text;
}

// What TensorFlow, CUDA and absl say beside the tools, errors of theirs included.
bool is_noise(std::string_view text) {
  constexpr std::array kNoise = {std::string_view("tensorflow/"),
                                 std::string_view("absl::InitializeLog"),
                                 std::string_view("Unable to register cu"),
                                 std::string_view("TF-TRT Warning"),
                                 std::string_view("rebuild TensorFlow with"),
                                 std::string_view("external/local_xla/"),
                                 std::string_view("computation placer already registered"),
                                 std::string_view("NUMA node"),
                                 std::string_view("cudart_stub.cc"),
                                 std::string_view("XLA service"),
                                 std::string_view("oneDNN custom operations")};
  if (text.empty()) return true;
  return std::any_of(kNoise.begin(), kNoise.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

// "  File "x.py", line 3, in f".
bool is_frame_head(std::string_view text) {
  return text.starts_with("File \"") && text.find("\", line ") != std::string_view::npos;
}

}  // namespace

void LogLines::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    const size_t room = kLongestLine - std::min(kLongestLine, line_.size());
    line_.append(bytes.substr(0, std::min(end, room)));
    overlong_ = overlong_ || end > room;
    if (end == bytes.size()) return;
    end_line(true);
    bytes.remove_prefix(end + 1);
  }
}

void LogLines::finish() {
  if (!line_.empty()) end_line(false);
}

void LogLines::end_line(bool is_closed) {
  const bool indented = !line_.empty() && (line_[0] == ' ' || line_[0] == '\t');
  LogLine line;
  const std::string text = plain(line_);
  line.is_cut = !is_closed || overlong_;
  line_.clear();
  overlong_ = false;
  line.text = strip_prefixes(text, line);
  line.head = text.substr(0, text.size() - line.text.size());
  if (is_noise(line.text)) return;
  line.is_frame = is_frame_head(line.text) || (after_frame_ && indented);
  after_frame_ = is_frame_head(line.text);
  sink_(line);
}

}  // namespace tessera::hailo
