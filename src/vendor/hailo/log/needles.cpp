#include "vendor/hailo/log/needles.h"

#include <algorithm>

#include "tessera/result.h"

namespace tessera::hailo {
namespace {

// 0 for bytes that are no ASCII. A line's end counts as a blank.
size_t symbol(char c) {
  const auto byte = static_cast<uint8_t>(c);
  if (byte >= 128) return 0;
  if (byte == '\n') return ' ';
  return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

}  // namespace

Needles::Needles(std::span<const std::string_view> needles) : states_(1) {
  for (size_t i = 0; i < needles.size(); ++i) {
    size_t state = 0;
    for (const char c : needles[i]) {
      const size_t s = symbol(c);
      TESSERA_CHECK(s != 0, "needles are ASCII");
      if (states_[state].next[s] == 0) {
        TESSERA_CHECK(states_.size() < UINT16_MAX, "the table of needles is small");
        states_[state].next[s] = static_cast<uint16_t>(states_.size());
        states_.emplace_back();
      }
      state = states_[state].next[s];
    }
    states_[state].ends.push_back(static_cast<uint16_t>(i));
  }
  // Breadth first: where a state has no edge, that of its longest proper suffix is taken.
  std::vector<uint16_t> suffix(states_.size(), 0);
  std::vector<uint16_t> queue;
  for (const uint16_t child : states_[0].next) {
    if (child != 0) queue.push_back(child);
  }
  for (size_t head = 0; head < queue.size(); ++head) {
    State& state = states_[queue[head]];
    const State& shorter = states_[suffix[queue[head]]];
    state.ends.insert(state.ends.end(), shorter.ends.begin(), shorter.ends.end());
    for (size_t s = 1; s < state.next.size(); ++s) {
      const uint16_t child = state.next[s];
      if (child == 0) {
        state.next[s] = shorter.next[s];
        continue;
      }
      suffix[child] = shorter.next[s];
      queue.push_back(child);
    }
  }
}

void Needles::find(std::string_view text, std::vector<uint16_t>& found) const {
  const size_t before = found.size();
  size_t state = 0;
  for (const char c : text) {
    const size_t s = symbol(c);
    state = s == 0 ? 0 : states_[state].next[s];
    const auto& ends = states_[state].ends;
    found.insert(found.end(), ends.begin(), ends.end());
  }
  const auto begin = found.begin() + static_cast<std::ptrdiff_t>(before);
  std::sort(begin, found.end());
  found.erase(std::unique(begin, found.end()), found.end());
}

}  // namespace tessera::hailo
