// Labels of a drawing: how wide they are, about, and whether they would lie on something.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace tessera {

struct SvgBox {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;

  bool overlaps(const SvgBox& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
  bool contains(const SvgBox& other) const {
    return left <= other.left && other.right <= right && top <= other.top && other.bottom <= bottom;
  }
};

inline bool overlaps_any(const SvgBox& box, const std::vector<SvgBox>& others) {
  return std::any_of(others.begin(), others.end(),
                     [&](const SvgBox& other) { return box.overlaps(other); });
}

// Of a character beside the font's size: what the sans-serif fonts of documents take at most, of
// letters and digits together.
inline constexpr double kCharacterWidth = 0.64;

inline double label_width(std::string_view text, double font_size) {
  double characters = 0;
  while (!text.empty()) {
    text.remove_prefix(std::max<size_t>(1, utf8_character_bytes(text)));
    ++characters;
  }
  return characters * kCharacterWidth * font_size;
}

// Of a label that begins at `x` and stands on the line at `y`.
inline SvgBox label_box(double x, double y, std::string_view text, double font_size) {
  return {x, y - font_size, x + label_width(text, font_size), y + font_size / 4};
}

// The whole text, or as much of its end as fits behind three dots: ends tell names apart.
inline std::string end_within(std::string_view text, double width, double font_size) {
  if (label_width(text, font_size) <= width) return std::string(text);
  while (!text.empty() && label_width(text, font_size) + label_width("...", font_size) > width) {
    text.remove_prefix(std::max<size_t>(1, utf8_character_bytes(text)));
  }
  return "..." + std::string(text);
}

}  // namespace tessera
