// Svg: collects the elements of one drawing.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace tessera {

inline std::string xml_escaped(std::string_view text) {
  std::string out;
  for (size_t bytes = 0; !text.empty(); text.remove_prefix(std::max<size_t>(bytes, 1))) {
    bytes = utf8_character_bytes(text);
    switch (text[0]) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default:
        if (bytes == 0) {
          out += "\ufffd";
        } else if (bytes == 1 && static_cast<unsigned char>(text[0]) < 0x20) {
          out += ' ';
        } else {
          out += text.substr(0, bytes);
        }
    }
  }
  return out;
}

inline constexpr std::string_view kInk = "#4a5568";  // of lines and captions

class Svg {
 public:
  void rect(double x, double y, double width, double height, std::string_view style) {
    body_ += fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" {}/>)"
                         "\n",
                         x, y, width, height, style);
  }
  void text(double x, double y, std::string_view content, std::string_view style) {
    body_ += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" {}>{}</text>)"
                         "\n",
                         x, y, style, xml_escaped(content));
  }
  void path(std::string_view data, std::string_view style) {
    body_ += fmt::format(R"(<path d="{}" fill="none" {}/>)"
                         "\n",
                         data, style);
  }
  // Everything drawn until end_group() moves by (x, y).
  void begin_group(double x, double y) {
    body_ += fmt::format(R"s(<g transform="translate({:.1f} {:.1f})">)s"
                         "\n",
                         x, y);
  }
  void end_group() { body_ += "</g>\n"; }

  std::string document(double width, double height) const {
    return fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" viewBox="0 0 {0:.0f} {1:.0f}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">
<rect width="100%" height="100%" fill="#ffffff"/>
<defs>
<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#4a5568"/></marker>
<marker id="arrow-skip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#c05621"/></marker>
</defs>
{2}</svg>
)",
        width, height, body_);
  }

 private:
  std::string body_;
};

}  // namespace tessera
