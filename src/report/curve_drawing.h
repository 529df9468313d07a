// A curve of what is lost against what is gained, each point with its label.
#pragma once

#include <string>
#include <vector>

namespace tessera {

struct CurvePoint {
  double x = 0;
  double y = 0;
  std::string label;
  bool joined = true;  // to the point before it
};

struct Curve {
  std::string title;
  std::string x_axis;  // with its unit
  std::string y_axis;
  std::vector<CurvePoint> points;
};

// A self-contained SVG document. y begins at 0, x where the points do.
std::string draw_curve(const Curve& curve);

}  // namespace tessera
