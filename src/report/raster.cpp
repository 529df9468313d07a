#include "report/raster.h"

#include <png.h>

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace tessera {
namespace {

struct Glyph {
  uint16_t code_point;
  int8_t advance;
  int8_t left;
  int8_t top;
  int8_t width;
  int8_t height;
  const char* coverage;
};

constexpr Glyph kGlyphs[] = {
#include "report/glyphs.inc"
};

const Glyph& glyph_of(uint32_t code_point) {
  const auto* found = std::lower_bound(
      std::begin(kGlyphs), std::end(kGlyphs), code_point,
      [](const Glyph& glyph, uint32_t wanted) { return glyph.code_point < wanted; });
  if (found != std::end(kGlyphs) && found->code_point == code_point) return *found;
  return kGlyphs['?' - ' '];
}

// Takes one code point off the front; broken UTF-8 counts byte by byte.
uint32_t take_code_point(std::string_view& utf8) {
  const auto first = static_cast<uint8_t>(utf8.front());
  const size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  uint32_t code_point = length == 1 ? first : first & (0x7fU >> length);
  if (length > utf8.size() || (first >= 0x80 && first < 0xc0)) {
    utf8.remove_prefix(1);
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    code_point = code_point << 6 | (static_cast<uint8_t>(utf8[i]) & 0x3fU);
  }
  utf8.remove_prefix(length);
  return code_point;
}

int coverage_of(char digit) {
  return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

uint8_t blend(uint8_t below, uint8_t above, int coverage) {
  return static_cast<uint8_t>((below * (15 - coverage) + above * coverage + 7) / 15);
}

}  // namespace

int text_width(std::string_view utf8) {
  int width = 0;
  while (!utf8.empty()) width += glyph_of(take_code_point(utf8)).advance;
  return width;
}

std::string fit_text(std::string_view utf8, int width) {
  if (text_width(utf8) <= width) return std::string(utf8);
  const int room = width - text_width("...");
  std::string_view rest = utf8;
  size_t kept = 0;
  for (int used = 0; !rest.empty();) {
    used += glyph_of(take_code_point(rest)).advance;
    if (used > room) break;
    kept = utf8.size() - rest.size();
  }
  return std::string(utf8.substr(0, kept)) + "...";
}

Raster::Raster(int width, int height, Colour background)
    : width_(width),
      height_(height),
      pixels_(3 * static_cast<size_t>(width) * static_cast<size_t>(height)) {
  fill(0, 0, width, height, background);
}

void Raster::set(int x, int y, Colour colour) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  uint8_t* pixel =
      &pixels_[3 * (static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x))];
  pixel[0] = colour.red;
  pixel[1] = colour.green;
  pixel[2] = colour.blue;
}

Colour Raster::get(int x, int y) const {
  const uint8_t* pixel =
      &pixels_[3 * (static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x))];
  return {pixel[0], pixel[1], pixel[2]};
}

void Raster::fill(int x, int y, int width, int height, Colour colour) {
  for (int row = y; row < y + height; ++row) {
    for (int column = x; column < x + width; ++column) set(column, row, colour);
  }
}

void Raster::outline(int x, int y, int width, int height, Colour colour) {
  fill(x, y, width, 1, colour);
  fill(x, y + height - 1, width, 1, colour);
  fill(x, y, 1, height, colour);
  fill(x + width - 1, y, 1, height, colour);
}

void Raster::text(int x, int y, std::string_view utf8, Colour colour, TextAlign align) {
  if (align == TextAlign::kCentre) x -= text_width(utf8) / 2;
  if (align == TextAlign::kRight) x -= text_width(utf8);
  while (!utf8.empty()) {
    const Glyph& glyph = glyph_of(take_code_point(utf8));
    const char* coverage = glyph.coverage;
    for (int row = 0; row < glyph.height; ++row) {
      for (int column = 0; column < glyph.width; ++column) {
        const int px = x + glyph.left + column;
        const int py = y + glyph.top + row;
        const int part = coverage_of(*coverage++);
        if (px < 0 || py < 0 || px >= width_ || py >= height_) continue;
        const Colour below = get(px, py);
        set(px, py,
            {blend(below.red, colour.red, part), blend(below.green, colour.green, part),
             blend(below.blue, colour.blue, part)});
      }
    }
    x += glyph.advance;
  }
}

Result<std::vector<uint8_t>> Raster::to_png() const {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width_);
  image.height = static_cast<png_uint_32>(height_);
  image.format = PNG_FORMAT_RGB;
  // The first call only counts: it bounds the size of the second.
  png_alloc_size_t size = 0;
  std::vector<uint8_t> png;
  const bool counted =
      png_image_write_to_memory(&image, nullptr, &size, 0, pixels_.data(), 0, nullptr) != 0;
  if (counted) png.resize(size);
  if (!counted ||
      png_image_write_to_memory(&image, png.data(), &size, 0, pixels_.data(), 0, nullptr) == 0) {
    return TESSERA_ERROR(kResourceLimit, "picture",
                         fmt::format("cannot be encoded: {}", image.message), "");
  }
  png.resize(size);
  return png;
}

}  // namespace tessera
