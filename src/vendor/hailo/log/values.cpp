#include "vendor/hailo/log/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "vendor/hailo/log/characters.h"
#include "vendor/hailo/log/pattern.h"

namespace tessera::hailo {
namespace {

bool is_name_char(char c) {
  return is_word(c) || c == '/' || c == '.' || c == '-' || c == ':' || c == ';';
}

constexpr size_t kLongestName = 512;

std::string_view trim(std::string_view text, std::string_view chars = " \t") {
  const size_t first = text.find_first_not_of(chars);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(chars) - first + 1);
}

// Bytes of a number: digits with points, and commas that digits follow.
size_t number_bytes(std::string_view text) {
  size_t n = !text.empty() && text[0] == '-' ? 1 : 0;
  if (n >= text.size() || !is_digit(text[n])) return 0;
  while (n < text.size()) {
    const bool sign =
        (text[n] == ',' || text[n] == '.') && n + 1 < text.size() && is_digit(text[n + 1]);
    const bool exponent = (text[n] == 'e' || text[n] == 'E') && n + 2 < text.size() &&
                          (text[n + 1] == '-' || text[n + 1] == '+') && is_digit(text[n + 2]);
    if (exponent)
      n += 1;
    else if (!is_digit(text[n]) && !sign)
      break;
    ++n;
  }
  return n;
}

// "5.0" -> "5", "93,8" -> "93.8", "1,288.5" -> "1288.5", "12,345" -> "12345".
std::string normal_number(std::string_view text) {
  std::string digits(text);
  const size_t comma = digits.find(',');
  if (comma != std::string::npos) {
    const bool thousands = digits.find('.') != std::string::npos ||
                           digits.find(',', comma + 1) != std::string::npos ||
                           digits.size() - comma - 1 == 3;
    if (thousands)
      digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
    else
      digits[comma] = '.';
  }
  const bool plain = std::count(digits.begin(), digits.end(), '.') == 1 &&
                     digits.find_first_of("eE") == std::string::npos;
  if (plain) {
    while (digits.back() == '0') digits.pop_back();
    if (digits.back() == '.') digits.pop_back();
  }
  return digits;
}

// One of "8m", "19s 824ms": a number and its unit. Returns its bytes, adds its milliseconds.
size_t take_duration_part(std::string_view text, double& milliseconds) {
  const size_t n = number_bytes(text);
  if (n == 0 || n > 15) return 0;
  struct Unit {
    std::string_view name;
    double ms;
  };
  constexpr Unit kUnits[] = {{"ms", 1}, {"h", 3600e3}, {"m", 60e3}, {"s", 1e3}};
  for (const Unit& unit : kUnits) {
    const size_t end = n + unit.name.size();
    if (text.substr(n, unit.name.size()) != unit.name) continue;
    if (end < text.size() && is_letter(text[end])) continue;
    milliseconds += std::stod(normal_number(text.substr(0, n))) * unit.ms;
    return end;
  }
  return 0;
}

// "00:00:01.55".
size_t take_clock(std::string_view text, double& milliseconds) {
  double seconds = 0;
  size_t at = 0;
  for (int field = 0; field < 3; ++field) {
    const size_t n = number_bytes(text.substr(at));
    if (n == 0 || n > 12) return 0;
    seconds = seconds * 60 + std::stod(normal_number(text.substr(at, n)));
    at += n;
    if (field == 2) break;
    if (at >= text.size() || text[at] != ':') return 0;
    ++at;
  }
  milliseconds = seconds * 1e3;
  return at;
}

size_t take_time(std::string_view text, std::string& value) {
  double milliseconds = 0;
  size_t at = take_clock(text, milliseconds);
  if (at == 0) {
    for (size_t next = 0; next < text.size();) {
      const size_t n = take_duration_part(text.substr(next), milliseconds);
      if (n == 0) break;
      at = next + n;
      next = at < text.size() && text[at] == ' ' ? at + 1 : at;
    }
  }
  if (at == 0 || !std::isfinite(milliseconds) || milliseconds > 1e15) return 0;
  value = normal_number(fmt::format("{:.3f}", milliseconds / 1e3));
  return at;
}

// "(1, 224, 3)" -> "1x224x3".
size_t take_shape(std::string_view text, std::string& value) {
  if (text.empty() || (text[0] != '(' && text[0] != '[')) return 0;
  const size_t close = text.find_first_of(")]");
  if (close == std::string_view::npos || close > 100) return 0;
  value.clear();
  for (const char c : text.substr(1, close - 1)) {
    if (is_digit(c) || c == '-')
      value += c;
    else if (c == ',')
      value += 'x';
    else if (c != ' ')
      return 0;
  }
  while (!value.empty() && value.back() == 'x') value.pop_back();
  return value.empty() ? 0 : close + 1;
}

size_t take_run(std::string_view text, bool (*wanted)(char), std::string_view trailing,
                std::string& value) {
  size_t n = 0;
  while (n < text.size() && n < kLongestName && wanted(text[n])) ++n;
  // What ends a sentence belongs to it, not to the value.
  while (n > 0 && trailing.find(text[n - 1]) != std::string_view::npos) --n;
  value = text.substr(0, n);
  return n;
}

size_t take_layer(std::string_view text, std::string& value) {
  const bool quoted = !text.empty() && (text[0] == '\'' || text[0] == '"' || text[0] == '`');
  if (!quoted) return take_run(text, is_name_char, ".:;-", value);
  const size_t close = text.find(text[0], 1);
  if (close == std::string_view::npos || close > kLongestName) return 0;
  value = text.substr(1, close - 1);
  return close + 1;
}

// Kinds of layers in an HN, as they stand before the number.
constexpr std::string_view kHnKinds[] = {"activation",
                                         "argmax",
                                         "avgpool",
                                         "batch_norm",
                                         "bbox_decoder",
                                         "concat",
                                         "const_input",
                                         "conv",
                                         "deconv",
                                         "defuse",
                                         "depth_to_space",
                                         "dw",
                                         "ew_add",
                                         "ew_div",
                                         "ew_max",
                                         "ew_min",
                                         "ew_mult",
                                         "ew_sub",
                                         "external_pad",
                                         "fc",
                                         "feature_multiplier",
                                         "feature_shuffle",
                                         "feature_splitter",
                                         "feature_interleave",
                                         "format_conversion",
                                         "input_layer",
                                         "layer_normalization",
                                         "matmul",
                                         "maxpool",
                                         "merge",
                                         "mul_and_add",
                                         "ne_activation",
                                         "nms",
                                         "normalization",
                                         "output_layer",
                                         "output_mux",
                                         "pp_output_layer",
                                         "precision_change",
                                         "precision_splitter",
                                         "reduce_max",
                                         "reduce_mean",
                                         "reduce_min",
                                         "reduce_sum",
                                         "resize",
                                         "row_splitter",
                                         "shortcut",
                                         "slice",
                                         "softmax",
                                         "space_to_depth",
                                         "spatial_splitter",
                                         "width_splitter"};

bool is_hn_layer(std::string_view name) {
  return std::any_of(std::begin(kHnKinds), std::end(kHnKinds), [&](std::string_view kind) {
    return name.starts_with(kind) && name.size() > kind.size() && is_digit(name[kind.size()]);
  });
}

// "conv1/conv2" are two layers, "net/conv2" is one.
void add_names(std::string_view part, std::vector<std::string>& names) {
  std::vector<std::string> pieces;
  for (size_t at = 0; at <= part.size();) {
    const size_t slash = std::min(part.find('/', at), part.size());
    pieces.emplace_back(trim(part.substr(at, slash - at)));
    at = slash + 1;
  }
  const bool several = pieces.size() > 1 && std::all_of(pieces.begin(), pieces.end(), is_hn_layer);
  if (several)
    names.insert(names.end(), pieces.begin(), pieces.end());
  else
    names.emplace_back(part);
}

bool has_only_name_chars(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_char);
}

}  // namespace

bool is_node_name(std::string_view name) {
  constexpr std::string_view kWords[] = {
      "layer", "layers",       "node",    "nodes", "the",     "of",   "a",      "an",
      "this",  "and",          "in",      "on",    "to",      "for",  "error",  "errors",
      "none",  "PrePostAgent", "prepost", "Agent", "default", "type", "unknown"};
  if (name.size() < 2 || name.size() > kLongestName || !has_only_name_chars(name)) return false;
  if (!is_letter(name[0]) && name[0] != '/' && name[0] != '_') return false;
  if (std::find(std::begin(kWords), std::end(kWords), name) != std::end(kWords)) return false;
  if (name.find("_dummy_") != std::string_view::npos) return false;
  const size_t context = name.rfind("context_");
  return context == std::string_view::npos || context + 8 >= name.size() ||
         !std::all_of(name.begin() + static_cast<std::ptrdiff_t>(context + 8), name.end(),
                      is_digit);
}

bool is_layer_name(std::string_view name) {
  return is_node_name(name) && name.find_first_of("0123456789/") != std::string_view::npos;
}

std::vector<std::string> names_of(std::string_view list) {
  for (size_t end = list.find('\n'); end != std::string_view::npos;
       end = list.find('\n', end + 1)) {
    if (end > 0 && list[end - 1] == ',') continue;
    list = list.substr(0, end);
    break;
  }
  // "concat21. That is": the list ends with its sentence.
  const size_t stop = list.find(". ");
  if (stop != std::string_view::npos) list = list.substr(0, stop);
  std::vector<std::string> names;
  list = trim(list, " \t[](){}");
  // Separators of lists: comma and blank; blanks alone; "a / b".
  const bool commas = list.find(',') != std::string_view::npos;
  const bool slashes = list.find(" / ") != std::string_view::npos;
  const std::string_view separator = commas ? "," : slashes ? " / " : " ";
  bool ended = false;
  for (size_t at = 0; at <= list.size() && !ended;) {
    const size_t end = std::min(list.find(separator, at), list.size());
    std::string_view part = trim(list.substr(at, end - at), " \t\n'\"`[]");
    while (!part.empty() && (part.back() == '.' || part.back() == ':')) {
      part.remove_suffix(1);
      ended = true;  // of the sentence
    }
    part = trim(part, "'\"`[]");
    const bool is_name = commas ? is_node_name(part) : is_layer_name(part);
    if (!part.empty() && !is_name) break;
    if (!part.empty()) add_names(part, names);
    at = end + separator.size();
  }
  return names;
}

std::optional<std::string> seconds_of(std::string_view text) {
  std::string value;
  if (take_time(text, value) == 0) return std::nullopt;
  return value;
}

namespace values {

size_t take(std::string_view kind, std::string_view text, std::string& value) {
  if (kind == "layer" || kind == "node") return take_layer(text, value);
  if (kind == "time") return take_time(text, value);
  if (kind == "shape") return take_shape(text, value);
  if (kind == "num" || kind == "pct") {
    const size_t n = number_bytes(text);
    if (n == 0 || n > 40) return 0;
    value = normal_number(text.substr(0, n));
    if (kind == "num") return n;
    if (n >= text.size() || text[n] != '%') return 0;
    value += '%';
    return n + 1;
  }
  if (kind == "ver") {
    return take_run(
        text,
        [](char c) { return is_digit(c) || is_letter(c) || c == '.' || c == '-' || c == '+'; },
        ".-", value);
  }
  if (kind == "id") {
    return take_run(
        text, [](char c) { return is_digit(c) || is_letter(c) || c == ':' || c == '.'; },
        ".:", value);
  }
  if (kind == "word") {
    return take_run(
        text,
        [](char c) {
          return c != ' ' && c != '\n' && c != ',' && c != '\'' && c != '"' && c != ')';
        },
        ".:;", value);
  }
  // text
  const std::string_view all = trim(text.substr(0, std::min<size_t>(text.size(), 4096)));
  value = all;
  return text.size();
}

size_t begin_before(std::string_view text, size_t end, std::string_view kind) {
  const auto belongs = [&](char c) {
    if (kind == "num" || kind == "pct") return is_digit(c) || c == '.' || c == ',';
    return is_name_char(c) || (kind == "layers" && c == ',');
  };
  while (end > 0 && belongs(text[end - 1])) --end;
  return end;
}

}  // namespace values
}  // namespace tessera::hailo
