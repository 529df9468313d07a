// The labels of a drawing, read back from its text.
#pragma once

#include <regex>
#include <string>
#include <vector>

#include "report/svg_label.h"

namespace tessera::test {

struct DrawnLabel {
  std::string text;
  SvgBox box;
};

// Of an SVG without rotated texts.
inline std::vector<DrawnLabel> drawn_labels(const std::string& svg) {
  static const std::regex kText(
      R"re(<text x="([-0-9.]+)" y="([-0-9.]+)" ([^>]*)>([^<]*)</text>)re");
  static const std::regex kSize(R"re(font-size="([0-9.]+)")re");
  std::vector<DrawnLabel> labels;
  for (auto it = std::sregex_iterator(svg.begin(), svg.end(), kText); it != std::sregex_iterator();
       ++it) {
    const std::string style = (*it)[3];
    const std::string text = (*it)[4];
    std::smatch size;
    std::regex_search(style, size, kSize);
    const double font_size = std::stod(size[1]);
    const double width = label_width(text, font_size);
    double x = std::stod((*it)[1]);
    if (style.find("\"end\"") != std::string::npos) x -= width;
    if (style.find("\"middle\"") != std::string::npos) x -= width / 2;
    labels.push_back({text, label_box(x, std::stod((*it)[2]), text, font_size)});
  }
  return labels;
}

// "a, b" for each two labels that lie on one another.
inline std::vector<std::string> overlapping(const std::vector<DrawnLabel>& labels) {
  std::vector<std::string> found;
  for (size_t i = 0; i < labels.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (labels[i].box.overlaps(labels[k].box))
        found.push_back(labels[k].text + ", " + labels[i].text);
    }
  }
  return found;
}

}  // namespace tessera::test
