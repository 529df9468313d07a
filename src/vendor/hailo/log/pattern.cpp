#include "vendor/hailo/log/pattern.h"

#include <algorithm>

#include "tessera/result.h"
#include "vendor/hailo/log/values.h"

namespace tessera::hailo {
namespace {

// A line's end counts as a blank: lines that were wrapped are joined by it.
char lower(char c) {
  if (c == '\n') return ' ';
  return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

// What a gap of prose may span: a bound on work, far above what tools write between two words.
constexpr size_t kLongestSkip = 400;

bool is_list(std::string_view kind) {
  return kind == "layers" || kind == "reshapes" || kind == "nodes";
}

}  // namespace

size_t find_ignoring_case(std::string_view text, std::string_view needle, size_t from) {
  if (needle.empty()) return from <= text.size() ? from : std::string_view::npos;
  for (size_t at = from; at + needle.size() <= text.size(); ++at) {
    if (lower(text[at]) == lower(needle[0]) &&
        equal_ignoring_case(text.substr(at, needle.size()), needle)) {
      return at;
    }
  }
  return std::string_view::npos;
}

Pattern::Pattern(std::string_view text) {
  while (!text.empty()) {
    const size_t open = text.find('{');
    if (open > 0) {
      parts_.push_back({text.substr(0, open), {}, {}});
      if (parts_.back().literal.size() > needle_.size()) needle_ = parts_.back().literal;
    }
    if (open == std::string_view::npos) break;
    const size_t close = text.find('}', open);
    TESSERA_CHECK(close != std::string_view::npos, "a gap of a pattern is closed");
    const std::string_view gap = text.substr(open + 1, close - open - 1);
    const size_t colon = gap.find(':');
    const bool keyed = colon != std::string_view::npos;
    parts_.push_back(
        {{}, gap.substr(0, colon), keyed ? gap.substr(colon + 1) : std::string_view()});
    text.remove_prefix(close + 1);
  }
  TESSERA_CHECK(needle_.size() >= 3, "a pattern has a literal to look for");
}

std::optional<Match> Pattern::match(std::string_view text, bool is_cut) const {
  // A pattern that begins with a gap is tried wherever a value can begin before its literal.
  const bool gap_first = parts_[0].literal.empty();
  const std::string_view first = gap_first ? parts_[1].literal : parts_[0].literal;
  for (size_t at = find_ignoring_case(text, first); at != std::string_view::npos;
       at = find_ignoring_case(text, first, at + 1)) {
    Match match;
    const size_t begin = gap_first ? values::begin_before(text, at, parts_[0].kind) : at;
    match.begin = begin;
    if (match_from(text, begin, is_cut, match)) return match;
  }
  return std::nullopt;
}

// Where the gap `part` ends at the latest: before the next literal, or at the end of the text.
size_t Pattern::gap_end(std::string_view text, size_t at, size_t part) const {
  if (part + 1 == parts_.size()) return text.size();
  return find_ignoring_case(text, parts_[part + 1].literal, at);
}

bool Pattern::match_from(std::string_view text, size_t at, bool is_cut, Match& match) const {
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (!part.literal.empty()) {
      if (!equal_ignoring_case(text.substr(at, part.literal.size()), part.literal)) return false;
      at += part.literal.size();
      continue;
    }
    const size_t end = gap_end(text, at, i);
    if (end == std::string_view::npos) return false;
    const std::string_view span = text.substr(at, end - at);
    if (part.kind == "*") {
      const bool crosses = span.find('\n') != std::string_view::npos;
      if (crosses || span.size() > kLongestSkip) return false;
      at = end;
      continue;
    }
    Capture capture{part.kind, part.key, {}, {}};
    if (is_list(part.kind)) {
      // A list that the text breaks off loses its last name, which may be half of one.
      capture.names = names_of(span);
      if (is_cut && end == text.size() && !capture.names.empty()) capture.names.pop_back();
      if (capture.names.empty()) return false;
      at = end;
    } else {
      const size_t used = values::take(part.kind, span, capture.value);
      if (used == 0) return false;
      if (is_cut && at + used == text.size()) return false;
      if (part.kind == "layer" || part.kind == "node") {
        const bool is_name =
            part.kind == "layer" ? is_layer_name(capture.value) : is_node_name(capture.value);
        if (!is_name) return false;
        capture.names = {capture.value};
      }
      at += used;
    }
    match.captures.push_back(std::move(capture));
  }
  match.end = at;
  return true;
}

}  // namespace tessera::hailo
