// Pattern: a line of a tool's output with gaps, as the tables of recognisers hold it.
//
// Literal text matches without regard to case. Gaps in braces, "kind" or "kind:key":
//   layer, layers, reshapes   names of layers: one, or a list
//   node                      name of a node of the ONNX file
//   nodes:start, nodes:end    proposed nodes: a list
//   num, pct, time, ver, id, shape, word   a value
//   text                      anything, up to the next literal or the end
//   *                         anything, up to the next literal; kept nowhere
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::hailo {

struct Capture {
  std::string_view kind;
  std::string_view key;
  std::string value;               // normalised: "5" for 5.0, "1x224x3" for (1, 224, 3)
  std::vector<std::string> names;  // of lists and of layer
};

struct Match {
  size_t begin = 0;
  size_t end = 0;  // one past the last matched byte
  std::vector<Capture> captures;
};

class Pattern {
 public:
  // `text` must outlive the pattern. A malformed pattern is a bug.
  explicit Pattern(std::string_view text);

  // The longest literal: a text without it cannot match.
  std::string_view needle() const { return needle_; }

  // The first match in `text`. `is_cut` says that the text may go on after its end: names and
  // values that touch the end are then not taken.
  std::optional<Match> match(std::string_view text, bool is_cut) const;

 private:
  struct Part {
    std::string_view literal;  // or a gap:
    std::string_view kind, key;
  };
  bool match_from(std::string_view text, size_t at, bool is_cut, Match& match) const;
  size_t gap_end(std::string_view text, size_t at, size_t part) const;

  std::vector<Part> parts_;
  std::string_view needle_;
};

// Position of `needle` in `text` from `from` on, letters compared without case; npos if absent.
size_t find_ignoring_case(std::string_view text, std::string_view needle, size_t from = 0);

// "7m 19s 824ms" -> 439.824; "00:00:01.55"; "17s"; nullopt if it is no duration.
std::optional<std::string> seconds_of(std::string_view text);
// Names in a list; a part that is none ends it, and so does the end of a line that no comma
// closes. "a/b" is two names where both are layers of an HN ("conv1/conv2"), and one otherwise.
std::vector<std::string> names_of(std::string_view list);
// Whether it can be the name of a node: no word of prose, no context, no helper that the allocator
// invents for itself. A layer of an HN also has a number or a scope.
bool is_node_name(std::string_view name);
bool is_layer_name(std::string_view name);

}  // namespace tessera::hailo
