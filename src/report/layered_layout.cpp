#include "report/layered_layout.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace tessera {
namespace {

// A box of the input, or a bend of an edge that passes through a rank.
struct Slot {
  double width = 0;
  double height = 0;
  double x = 0;
  size_t rank = 0;
  std::vector<size_t> above, below;
};

constexpr double kBendWidth = 6;
constexpr int kSweeps = 12;
constexpr int kRelaxations = 300;

class LayeredLayout {
 public:
  LayeredLayout(std::vector<LayoutBox>& boxes, std::vector<LayoutEdge>& edges,
                const LayoutOptions& options)
      : boxes_(boxes), edges_(edges), options_(options) {}

  LayoutExtent place() {
    assign_ranks();
    insert_bends();
    reduce_crossings();
    relax();
    straighten();
    return write_results();
  }

 private:
  void assign_ranks() {
    for (const LayoutBox& box : boxes_) slots_.push_back({box.width, box.height, 0, 0, {}, {}});
    // Longest path: relax until nothing moves; acyclic, so at most one pass per box.
    for (size_t pass = 0; pass < boxes_.size(); ++pass) {
      bool moved = false;
      for (const LayoutEdge& edge : edges_) {
        size_t& rank = slots_[edge.to].rank;
        if (rank > slots_[edge.from].rank) continue;
        rank = slots_[edge.from].rank + 1;
        moved = true;
      }
      if (!moved) break;
    }
    // A box without operands belongs right above its first reader.
    std::vector<bool> has_operand(boxes_.size(), false);
    std::vector<size_t> first_reader(boxes_.size(), SIZE_MAX);
    for (const LayoutEdge& edge : edges_) {
      has_operand[edge.to] = true;
      first_reader[edge.from] = std::min(first_reader[edge.from], slots_[edge.to].rank);
    }
    for (size_t i = 0; i < boxes_.size(); ++i) {
      if (!has_operand[i] && first_reader[i] != SIZE_MAX) slots_[i].rank = first_reader[i] - 1;
    }
  }

  void insert_bends() {
    for (const LayoutEdge& edge : edges_) {
      std::vector<size_t> chain{edge.from};
      for (size_t rank = slots_[edge.from].rank + 1; rank < slots_[edge.to].rank; ++rank) {
        chain.push_back(slots_.size());
        slots_.push_back({kBendWidth, 0, 0, rank, {}, {}});
      }
      chain.push_back(edge.to);
      for (size_t i = 0; i + 1 < chain.size(); ++i) {
        slots_[chain[i]].below.push_back(chain[i + 1]);
        slots_[chain[i + 1]].above.push_back(chain[i]);
      }
      chains_.push_back(std::move(chain));
    }
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].rank >= ranks_.size()) ranks_.resize(slots_[i].rank + 1);
      ranks_[slots_[i].rank].push_back(i);
    }
  }

  void number_positions() {
    position_.resize(slots_.size());
    for (const auto& rank : ranks_) {
      for (size_t i = 0; i < rank.size(); ++i) position_[rank[i]] = static_cast<double>(i);
    }
  }

  size_t crossings() const {
    size_t count = 0;
    for (const auto& rank : ranks_) {
      std::vector<std::pair<double, double>> lines;
      for (const size_t slot : rank) {
        for (const size_t to : slots_[slot].below)
          lines.emplace_back(position_[slot], position_[to]);
      }
      for (size_t i = 0; i < lines.size(); ++i) {
        for (size_t j = i + 1; j < lines.size(); ++j) {
          if ((lines[i].first - lines[j].first) * (lines[i].second - lines[j].second) < 0) ++count;
        }
      }
    }
    return count;
  }

  void reduce_crossings() {
    number_positions();
    auto best = ranks_;
    size_t fewest = crossings();
    for (int sweep = 0; sweep < kSweeps && fewest > 0; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (size_t step = 1; step < ranks_.size(); ++step) {
        auto& rank = ranks_[down ? step : ranks_.size() - 1 - step];
        const auto mean = [&](size_t slot) {
          const auto& beside = down ? slots_[slot].above : slots_[slot].below;
          if (beside.empty()) return position_[slot];
          double sum = 0;
          for (const size_t other : beside) sum += position_[other];
          return sum / static_cast<double>(beside.size());
        };
        std::stable_sort(rank.begin(), rank.end(),
                         [&](size_t a, size_t b) { return mean(a) < mean(b); });
        for (size_t i = 0; i < rank.size(); ++i) position_[rank[i]] = static_cast<double>(i);
      }
      if (const size_t now = crossings(); now < fewest) {
        fewest = now;
        best = ranks_;
      }
    }
    ranks_ = std::move(best);
  }

  bool is_bend(size_t slot) const { return slot >= boxes_.size(); }

  double spacing(size_t left, size_t right) const {
    return (slots_[left].width + slots_[right].width) / 2 + options_.gap_x;
  }

  // Moves every slot towards its neighbours' mean while keeping order and gaps.
  void relax() {
    for (const auto& rank : ranks_) {
      double x = 0;
      for (size_t i = 0; i < rank.size(); ++i) {
        if (i > 0) x += spacing(rank[i - 1], rank[i]);
        slots_[rank[i]].x = x;
      }
    }
    for (int pass = 0; pass < kRelaxations; ++pass) {
      const bool down = pass % 2 == 0;
      for (size_t step = 0; step < ranks_.size(); ++step) {
        relax_rank(ranks_[down ? step : ranks_.size() - 1 - step]);
      }
    }
  }

  // Mean of the neighbours that count for a slot: boxes look at boxes where they can, so that a
  // long edge bows around them instead of pulling them aside.
  double wanted(size_t index) const {
    const Slot& slot = slots_[index];
    double sum = 0, weights = 0;
    const auto pull = [&](size_t other) {
      const double weight = is_bend(index) == is_bend(other) ? 1 : is_bend(index) ? 0.5 : 0.01;
      sum += weight * slots_[other].x;
      weights += weight;
    };
    std::for_each(slot.above.begin(), slot.above.end(), pull);
    std::for_each(slot.below.begin(), slot.below.end(), pull);
    return weights > 0 ? sum / weights : slot.x;
  }

  // Boxes first, as near to what they want as their gaps allow; then bends into the room between.
  void relax_rank(const std::vector<size_t>& rank) {
    std::vector<size_t> boxes;      // places in the rank
    std::vector<double> distances;  // from the box before, over the bends between
    double distance = 0;
    for (size_t i = 0; i < rank.size(); ++i) {
      if (i > 0) distance += spacing(rank[i - 1], rank[i]);
      if (is_bend(rank[i])) continue;
      boxes.push_back(i);
      distances.push_back(distance);
      distance = 0;
    }
    const size_t n = boxes.size();
    std::vector<double> pushed_right(n), pushed_left(n);
    for (size_t i = 0; i < n; ++i) {
      pushed_right[i] = wanted(rank[boxes[i]]);
      if (i > 0) pushed_right[i] = std::max(pushed_right[i], pushed_right[i - 1] + distances[i]);
    }
    for (size_t i = n; i-- > 0;) {
      pushed_left[i] = wanted(rank[boxes[i]]);
      if (i + 1 < n) {
        pushed_left[i] = std::min(pushed_left[i], pushed_left[i + 1] - distances[i + 1]);
      }
    }
    // Both keep the gaps, so their mean does.
    for (size_t i = 0; i < n; ++i) {
      slots_[rank[boxes[i]]].x = (pushed_right[i] + pushed_left[i]) / 2;
    }
    for (size_t i = 0; i < rank.size(); ++i) {
      if (!is_bend(rank[i])) continue;
      double& x = slots_[rank[i]].x;
      x = wanted(rank[i]);
      if (i > 0) x = std::max(x, slots_[rank[i - 1]].x + spacing(rank[i - 1], rank[i]));
    }
    for (size_t i = rank.size(); i-- > 0;) {
      if (!is_bend(rank[i]) || i + 1 == rank.size()) continue;
      double& x = slots_[rank[i]].x;
      x = std::min(x, slots_[rank[i + 1]].x - spacing(rank[i], rank[i + 1]));
    }
  }

  // Makes the middle of a long edge one straight line where the ranks it passes leave room.
  void straighten() {
    number_positions();
    for (int pass = 0; pass < 3; ++pass) {
      for (const auto& chain : chains_) {
        if (chain.size() < 4) continue;
        double low = slots_[chain[1]].x, high = low;
        for (size_t i = 1; i + 1 < chain.size(); ++i) {
          low = std::min(low, slots_[chain[i]].x);
          high = std::max(high, slots_[chain[i]].x);
        }
        for (const double x : {(low + high) / 2, high, low}) {
          if (!fits(chain, x)) continue;
          for (size_t i = 1; i + 1 < chain.size(); ++i) slots_[chain[i]].x = x;
          break;
        }
      }
    }
  }

  bool fits(const std::vector<size_t>& chain, double x) const {
    for (size_t i = 1; i + 1 < chain.size(); ++i) {
      const auto& rank = ranks_[slots_[chain[i]].rank];
      const auto at = static_cast<size_t>(position_[chain[i]]);
      if (at > 0 && x < slots_[rank[at - 1]].x + spacing(rank[at - 1], rank[at])) return false;
      if (at + 1 < rank.size() && x > slots_[rank[at + 1]].x - spacing(rank[at], rank[at + 1])) {
        return false;
      }
    }
    return true;
  }

  LayoutExtent write_results() {
    double left = slots_.front().x, right = left;
    for (const Slot& slot : slots_) {
      left = std::min(left, slot.x - slot.width / 2);
      right = std::max(right, slot.x + slot.width / 2);
    }
    std::vector<double> tops(ranks_.size()), heights(ranks_.size(), 0);
    double y = 0;
    for (size_t r = 0; r < ranks_.size(); ++r) {
      for (const size_t slot : ranks_[r]) heights[r] = std::max(heights[r], slots_[slot].height);
      tops[r] = y;
      y += heights[r] + options_.gap_y;
    }
    for (size_t i = 0; i < boxes_.size(); ++i) {
      const size_t r = slots_[i].rank;
      boxes_[i].x = slots_[i].x - left;
      boxes_[i].y = tops[r] + (heights[r] - boxes_[i].height) / 2;
    }
    for (size_t e = 0; e < edges_.size(); ++e) {
      const auto& chain = chains_[e];
      const LayoutBox& from = boxes_[edges_[e].from];
      const LayoutBox& to = boxes_[edges_[e].to];
      auto& path = edges_[e].path;
      path = {{from.x, from.y + from.height}};
      for (size_t i = 1; i + 1 < chain.size(); ++i) {
        const Slot& bend = slots_[chain[i]];
        path.push_back({bend.x - left, tops[bend.rank]});
        path.push_back({bend.x - left, tops[bend.rank] + heights[bend.rank]});
      }
      path.push_back({to.x, to.y});
    }
    return {right - left, y > 0 ? y - options_.gap_y : 0};
  }

  std::vector<LayoutBox>& boxes_;
  std::vector<LayoutEdge>& edges_;
  LayoutOptions options_;
  std::vector<Slot> slots_;                  // boxes first, then bends
  std::vector<std::vector<size_t>> chains_;  // slots of each edge
  std::vector<std::vector<size_t>> ranks_;
  std::vector<double> position_;
};

}  // namespace

LayoutExtent layered_layout(std::vector<LayoutBox>& boxes, std::vector<LayoutEdge>& edges,
                            const LayoutOptions& options) {
  if (boxes.empty()) return {};
  return LayeredLayout(boxes, edges, options).place();
}

}  // namespace tessera
