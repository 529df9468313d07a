// Raster: an RGB picture with just what figures need: rectangles, text, PNG.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct Colour {
  uint8_t red = 0;
  uint8_t green = 0;
  uint8_t blue = 0;
};

enum class TextAlign { kLeft, kCentre, kRight };

inline constexpr int kTextHeight = 26;  // pixels from one line to the next

class Raster {
 public:
  Raster(int width, int height, Colour background);

  int width() const { return width_; }
  int height() const { return height_; }

  // Everything outside the picture is cut off.
  void set(int x, int y, Colour colour);
  Colour get(int x, int y) const;  // inside only
  void fill(int x, int y, int width, int height, Colour colour);
  // One pixel wide, inside the rectangle's edge.
  void outline(int x, int y, int width, int height, Colour colour);
  // `x` is the left end, middle or right end; `y` the top of the line.
  void text(int x, int y, std::string_view utf8, Colour colour, TextAlign align = TextAlign::kLeft);

  // Errors: kResourceLimit if libpng refuses.
  Result<std::vector<uint8_t>> to_png() const;

 private:
  int width_;
  int height_;
  std::vector<uint8_t> pixels_;  // rows of red, green, blue
};

// Pixels that `text` takes.
int text_width(std::string_view utf8);

// `utf8`, or as much of it as fits into `width` pixels with "..." behind.
std::string fit_text(std::string_view utf8, int width);

}  // namespace tessera
