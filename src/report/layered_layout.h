// Places the boxes of a directed acyclic graph in ranks from top to bottom and routes its edges.
// Method: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System
// Structures" (1981): longest-path ranks, medians against crossings, relaxation of positions.
#pragma once

#include <cstddef>
#include <vector>

namespace tessera {

struct LayoutBox {
  double width = 0;
  double height = 0;
  double x = 0;  // centre; results, in the units of the sizes
  double y = 0;  // top
};

struct LayoutEdge {
  size_t from = 0;
  size_t to = 0;
  struct Point {
    double x, y;
  };
  std::vector<Point> path;  // result: from the bottom of `from` to the top of `to`
};

struct LayoutOptions {
  double gap_x = 24;
  double gap_y = 34;
};

struct LayoutExtent {
  double width = 0;
  double height = 0;
};

// Fills in positions and paths; the drawing spans 0..width, 0..height. Edges must not form a cycle.
LayoutExtent layered_layout(std::vector<LayoutBox>& boxes, std::vector<LayoutEdge>& edges,
                            const LayoutOptions& options = {});

}  // namespace tessera
