// A page of an evaluation: its means and picture, and players of the worst mixtures.
#pragma once

#include <string>
#include <vector>

namespace tessera {

struct PagePlayer {
  std::string label;
  std::string file;  // beside the page, of letters that need no escape in an address
};

struct PageExample {
  std::string title;
  std::vector<std::string> lines;
  std::vector<PagePlayer> players;
};

struct EvaluationPage {
  std::string title;
  std::vector<std::string> lines;  // under it
  std::string drawing;             // an SVG document, shown as it is
  std::string examples_title;
  std::vector<PageExample> examples;
};

// A whole HTML document; nothing in it is loaded from elsewhere.
std::string print_page(const EvaluationPage& page);

}  // namespace tessera
