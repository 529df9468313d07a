// A PNG file as pixels again.
#pragma once

#include <png.h>

#include <filesystem>
#include <vector>

namespace tessera {

struct DecodedPng {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;

  int brightness(int x, int y) const {
    const auto at = 3 * static_cast<size_t>(y * width + x);
    return rgb[at] + rgb[at + 1] + rgb[at + 2];
  }
};

inline DecodedPng decode_png(const std::filesystem::path& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  DecodedPng decoded;
  if (png_image_begin_read_from_file(&image, path.c_str()) == 0) return decoded;
  image.format = PNG_FORMAT_RGB;
  decoded.rgb.resize(3 * static_cast<size_t>(image.width) * image.height);
  if (png_image_finish_read(&image, nullptr, decoded.rgb.data(), 0, nullptr) == 0) return {};
  decoded.width = static_cast<int>(image.width);
  decoded.height = static_cast<int>(image.height);
  return decoded;
}

}  // namespace tessera
