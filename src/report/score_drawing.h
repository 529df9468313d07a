// How scores are distributed.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tessera {

struct ScorePanel {
  std::string title;
  std::string axis;            // what the values are, with their unit
  std::vector<double> values;  // infinite ones and NaN are counted in the caption only
  double mean = 0;
  std::optional<double> half_width;  // of the mean's confidence interval
};

// A self-contained SVG document: a histogram for each panel, one under the other, the mean drawn as
// a line and its interval as a band. Panels with the same axis have the same range.
std::string draw_scores(const std::string& title, const std::vector<ScorePanel>& panels);

}  // namespace tessera
