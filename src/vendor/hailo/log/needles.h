// Needles: finds which of many short texts occur in a line, in one pass (Aho and Corasick, 1975).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tessera::hailo {

class Needles {
 public:
  // Letters are compared without regard to case.
  explicit Needles(std::span<const std::string_view> needles);

  // Appends the numbers of the needles in `text` to `found`, ascending, each once.
  void find(std::string_view text, std::vector<uint16_t>& found) const;

 private:
  struct State {
    std::array<uint16_t, 128> next{};  // of 7-bit characters; all others lead to state 0
    std::vector<uint16_t> ends;        // needles that end here
  };
  std::vector<State> states_;
};

}  // namespace tessera::hailo
