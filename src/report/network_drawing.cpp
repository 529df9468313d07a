#include "report/network_drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/counted.h"
#include "report/layered_layout.h"
#include "report/node_caption.h"
#include "report/repeats.h"
#include "report/svg.h"

namespace tessera {
namespace {

constexpr double kLine = 14;        // height of a line of text
constexpr double kCharWidth = 6.3;  // of the 10.5 px font, generous
constexpr double kChipWidth = 46;
constexpr double kChipHeight = 24;
constexpr double kChipGap = 8;
constexpr double kNetworkMargin = 18;
constexpr std::string_view kSkipInk = "#c05621";

struct Box {
  std::vector<std::string> lines;  // the first is bold
  std::string colour;
  bool dashed = false;
  bool holds_blocks = false;
};

// Boxes, edges and, for each edge, whether it belongs to a skip path.
struct Picture {
  std::vector<Box> boxes;
  std::vector<LayoutBox> places;
  std::vector<LayoutEdge> edges;
  std::vector<bool> skip;
  LayoutExtent extent;

  size_t add(Box box, double width, double height) {
    boxes.push_back(std::move(box));
    places.push_back({width, height, 0, 0});
    return boxes.size() - 1;
  }
  size_t add(Box box) {
    size_t longest = 0;
    for (const std::string& line : box.lines) longest = std::max(longest, line.size());
    const double width = std::max(90.0, static_cast<double>(longest) * kCharWidth + 20);
    const double height = static_cast<double>(box.lines.size()) * kLine + 10;
    return add(std::move(box), width, height);
  }
  void connect(size_t from, size_t to, bool is_skip) {
    for (const LayoutEdge& edge : edges) {
      if (edge.from == from && edge.to == to &&
          skip[static_cast<size_t>(&edge - edges.data())] == is_skip)
        return;
    }
    edges.push_back({from, to, {}});
    skip.push_back(is_skip);
  }
};

Box box_of(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const NodeCaption caption = caption_of(graph, id);
  Box box{{caption.title}, std::string(family_colour(family_of(node.op)))};
  if (!caption.details.empty()) box.lines.push_back(caption.details);
  box.lines.push_back(to_string(node.shape));
  return box;
}

void draw_edges(Svg& svg, const Picture& picture) {
  for (size_t e = 0; e < picture.edges.size(); ++e) {
    const auto& path = picture.edges[e].path;
    std::string data = fmt::format("M{:.1f} {:.1f}", path[0].x, path[0].y);
    for (size_t i = 1; i < path.size(); ++i) {
      const double middle = (path[i - 1].y + path[i].y) / 2;
      data += fmt::format(" C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", path[i - 1].x, middle,
                          path[i].x, middle, path[i].x, path[i].y);
    }
    svg.path(
        data,
        picture.skip[e]
            ? fmt::format(R"s(stroke="{}" stroke-width="2" marker-end="url(#arrow-skip)")s",
                          kSkipInk)
            : fmt::format(R"s(stroke="{}" stroke-width="1.2" marker-end="url(#arrow)")s", kInk));
  }
}

void draw_box(Svg& svg, const Box& box, const LayoutBox& place) {
  const double left = place.x - place.width / 2;
  svg.rect(left, place.y, place.width, place.height,
           fmt::format(R"(rx="4" fill="{}" fill-opacity="{}" stroke="{}" stroke-width="1.2"{})",
                       box.colour, box.dashed ? "0" : "0.14", box.colour,
                       box.dashed ? R"( stroke-dasharray="4 3")" : ""));
  double y = place.y + kLine + 1;
  for (size_t i = 0; i < box.lines.size(); ++i, y += kLine) {
    svg.text(place.x, y, box.lines[i],
             i == 0 ? R"(font-size="11" font-weight="bold" fill="#1a202c" text-anchor="middle")"
                    : R"(font-size="10" fill="#4a5568" text-anchor="middle")");
  }
}

// The blocks of a network: which node lies in which, and what one of them looks like.
class Blocks {
 public:
  Blocks(const Graph& graph, Repeats repeats) : graph_(graph), repeats_(std::move(repeats)) {
    for (size_t i = 0; i < repeats_.instances.size(); ++i) {
      const auto& nodes = repeats_.instances[i].nodes;
      for (size_t place = 0; place < nodes.size(); ++place) {
        if (nodes[place] != kNoNode) where_[index_of(nodes[place])] = {i, place};
      }
    }
    find_skip_places();
    build_detail();
    arrange_chips();
  }

  bool contains(NodeId id) const { return where_.contains(index_of(id)); }
  bool is_skip(NodeId id) const {
    const auto found = where_.find(index_of(id));
    return found != where_.end() && skip_places_.contains(found->second.second);
  }
  double width() const { return std::max(detail_.extent.width, chips_width_) + 2 * kNetworkMargin; }
  double height() const { return detail_top() + detail_.extent.height + kNetworkMargin; }

  // With the upper left corner at the origin.
  void draw(Svg& svg) const {
    svg.rect(0, 0, width(), height(),
             R"(rx="8" fill="#f7fafc" stroke="#a0aec0" stroke-width="1.4")");
    const auto count = repeats_.instances.size();
    svg.text(kNetworkMargin, kNetworkMargin + 6, headline(count),
             R"(font-size="12" font-weight="bold" fill="#1a202c")");
    draw_chips(svg);
    svg.text(kNetworkMargin, detail_top() - 12,
             fmt::format("One of the {} ({}):", count, chip_text(repeats_.typical)),
             R"(font-size="11" fill="#1a202c")");
    svg.begin_group((width() - detail_.extent.width) / 2, detail_top());
    draw_edges(svg, detail_);
    for (size_t i = 0; i < detail_.boxes.size(); ++i)
      draw_box(svg, detail_.boxes[i], detail_.places[i]);
    svg.end_group();
  }

 private:
  const std::vector<NodeId>& typical() const { return repeats_.instances[repeats_.typical].nodes; }
  double chips_top() const { return kNetworkMargin + 22; }
  double chip_row_height() const { return kChipHeight + (skip_places_.empty() ? 14 : 26); }
  double detail_top() const {
    return chips_top() + static_cast<double>(chip_rows_.size()) * chip_row_height() + 34;
  }

  // A sum that each block only adds to: the Add at the same place of the next block is its one
  // reader there.
  void find_skip_places() {
    const auto& nodes = typical();
    for (size_t place = 0; place < nodes.size(); ++place) {
      if (nodes[place] == kNoNode || !graph_.get_if<Add>(nodes[place])) continue;
      bool only_summed = false;
      for (const NodeId user : graph_.users(nodes[place])) {
        const auto found = where_.find(index_of(user));
        only_summed = found != where_.end() && found->second.second == place;
        if (!only_summed) break;
      }
      if (only_summed) skip_places_.insert(place);
    }
  }

  void build_detail() {
    std::unordered_map<int32_t, size_t> box_index;
    std::map<int32_t, size_t> ports;
    for (const NodeId id : typical()) {
      if (id == kNoNode) continue;
      const size_t box = detail_.add(box_of(graph_, id));
      box_index[index_of(id)] = box;
      for (const NodeId input : graph_.node(id).inputs) {
        const auto inside = box_index.find(index_of(input));
        if (inside != box_index.end()) {
          detail_.connect(inside->second, box, is_skip(input));
          continue;
        }
        const auto port = ports.find(index_of(input));
        const size_t from = port != ports.end()
                                ? port->second
                                : detail_.add(port_of(input, "from the block before"));
        ports[index_of(input)] = from;
        detail_.connect(from, box, is_skip(input));
      }
    }
    for (const NodeId id : typical()) {
      if (id == kNoNode) continue;
      const auto users = graph_.users(id);
      const bool leaves = std::any_of(users.begin(), users.end(), [&](NodeId user) {
        return !box_index.contains(index_of(user));
      });
      if (!leaves) continue;
      const size_t to = detail_.add(port_of(id, "to the next block"));
      detail_.connect(box_index[index_of(id)], to, is_skip(id));
    }
    detail_.extent = layered_layout(detail_.places, detail_.edges, {26, 26});
  }

  Box port_of(NodeId id, std::string_view words) const {
    const bool skip = is_skip(id);
    return {{skip ? fmt::format("skip sum, {}", words) : std::string(words)},
            std::string(skip ? kSkipInk : "#718096"),
            true};
  }

  // The widest dilation in a block; blocks differ in it.
  int64_t dilation_of(size_t instance) const {
    int64_t dilation = 1;
    for (const NodeId id : repeats_.instances[instance].nodes) {
      if (id == kNoNode) continue;
      if (const auto* conv = graph_.get_if<Conv>(id)) {
        dilation = std::max({dilation, conv->dilation.w, conv->dilation.h});
      }
    }
    return dilation;
  }

  std::string chip_text(size_t instance) const {
    return dilated_ ? fmt::format("dilation {}", dilation_of(instance))
                    : fmt::format("number {}", instance + 1);
  }

  void arrange_chips() {
    const size_t count = repeats_.instances.size();
    for (size_t i = 0; i < count; ++i) dilated_ |= dilation_of(i) > 1;
    size_t longest = 0;
    for (size_t i = 0; i < count; ++i) {
      const bool restart = dilated_ ? i > 0 && dilation_of(i) < dilation_of(i - 1) : i % 8 == 0;
      if (chip_rows_.empty() || restart || chip_rows_.back().size() == 16)
        chip_rows_.emplace_back();
      chip_rows_.back().push_back(i);
      longest = std::max(longest, chip_rows_.back().size());
    }
    chips_width_ = static_cast<double>(longest) * (kChipWidth + kChipGap) + 10;
  }

  std::string headline(size_t count) const {
    const auto per_row = chip_rows_.front().size();
    const bool even = std::all_of(chip_rows_.begin(), chip_rows_.end(),
                                  [&](const auto& row) { return row.size() == per_row; });
    if (dilated_ && even && chip_rows_.size() > 1) {
      return fmt::format("{} blocks: {} repeats of {}", count, chip_rows_.size(), per_row);
    }
    return counted(count, "block");
  }

  void draw_chips(Svg& svg) const {
    double y = chips_top();
    for (const auto& row : chip_rows_) {
      const double middle = y + kChipHeight / 2;
      const double bus = y + kChipHeight + 9;
      const double right =
          kNetworkMargin + static_cast<double>(row.size()) * (kChipWidth + kChipGap);
      svg.path(fmt::format("M{:.1f} {:.1f}H{:.1f}", kNetworkMargin - 8, middle, right + 4),
               fmt::format(R"s(stroke="{}" stroke-width="1.2" marker-end="url(#arrow)")s", kInk));
      if (!skip_places_.empty()) {
        svg.path(
            fmt::format("M{:.1f} {:.1f}H{:.1f}", kNetworkMargin + kChipWidth / 2, bus, right + 4),
            fmt::format(R"s(stroke="{}" stroke-width="2" marker-end="url(#arrow-skip)")s",
                        kSkipInk));
      }
      double x = kNetworkMargin;
      for (const size_t instance : row) {
        if (!skip_places_.empty()) {
          svg.path(fmt::format("M{:.1f} {:.1f}V{:.1f}", x + kChipWidth / 2, y + kChipHeight, bus),
                   fmt::format(R"(stroke="{}" stroke-width="2")", kSkipInk));
        }
        const bool shown = instance == repeats_.typical;
        svg.rect(x, y, kChipWidth, kChipHeight,
                 fmt::format(R"(rx="4" fill="{}" stroke="#2c9a94" stroke-width="{}")",
                             shown ? "#b2e3df" : "#e6f6f5", shown ? 2 : 1));
        svg.text(
            x + kChipWidth / 2, y + 16,
            dilated_ ? fmt::format("d {}", dilation_of(instance)) : fmt::format("{}", instance + 1),
            R"(font-size="10.5" fill="#1a202c" text-anchor="middle")");
        x += kChipWidth + kChipGap;
      }
      y += chip_row_height();
    }
  }

  const Graph& graph_;
  Repeats repeats_;
  std::unordered_map<int32_t, std::pair<size_t, size_t>> where_;  // node -> instance, place
  std::set<size_t> skip_places_;
  Picture detail_;
  std::vector<std::vector<size_t>> chip_rows_;
  double chips_width_ = 0;
  bool dilated_ = false;
};

// Returns how wide it is.
double draw_legend(Svg& svg, const Graph& graph, bool has_skip, double y) {
  std::set<NodeFamily> present;
  for (const NodeId id : graph.order()) present.insert(family_of(graph.node(id).op));
  double x = kNetworkMargin;
  for (const NodeFamily family : present) {
    svg.rect(x, y - 9, 11, 11,
             fmt::format(R"(rx="2" fill="{0}" fill-opacity="0.25" stroke="{0}")",
                         family_colour(family)));
    svg.text(x + 16, y, family_name(family), R"(font-size="10.5" fill="#4a5568")");
    x += static_cast<double>(family_name(family).size()) * kCharWidth + 34;
  }
  if (has_skip) {
    svg.path(fmt::format("M{:.1f} {:.1f}h14", x, y - 4),
             fmt::format(R"(stroke="{}" stroke-width="2")", kSkipInk));
    svg.text(x + 20, y, "skip path", R"(font-size="10.5" fill="#4a5568")");
    x += 96;
  }
  return x;
}

}  // namespace

std::string draw_network(const Graph& graph, const std::string& title) {
  std::optional<Blocks> blocks;
  if (auto repeats = find_repeats(graph)) blocks.emplace(graph, std::move(*repeats));

  Picture picture;
  std::unordered_map<int32_t, size_t> box_index;
  std::optional<size_t> blocks_box;
  for (const NodeId id : graph.order()) {
    if (!blocks || !blocks->contains(id)) {
      box_index[index_of(id)] = picture.add(box_of(graph, id));
      continue;
    }
    if (!blocks_box)
      blocks_box = picture.add({{}, "", false, true}, blocks->width(), blocks->height());
    box_index[index_of(id)] = *blocks_box;
  }
  bool has_skip = false;
  for (const NodeId id : graph.order()) {
    for (const NodeId input : graph.node(id).inputs) {
      const size_t from = box_index[index_of(input)], to = box_index[index_of(id)];
      const bool skip = blocks && blocks->is_skip(input);
      has_skip |= skip;
      if (from != to) picture.connect(from, to, skip);
    }
  }
  for (const GraphOutput& output : graph.outputs()) {
    const size_t box = picture.add({{output.name, to_string(graph.node(output.node).shape)},
                                    std::string(family_colour(NodeFamily::border))});
    picture.connect(box_index[index_of(output.node)], box, false);
  }
  picture.extent = layered_layout(picture.places, picture.edges);

  Svg svg;
  svg.text(kNetworkMargin, 28, title, R"(font-size="15" font-weight="bold" fill="#1a202c")");
  const double legend_width = draw_legend(svg, graph, has_skip, 50);
  constexpr double kTop = 72;
  const double width = std::max(picture.extent.width, legend_width);
  svg.begin_group(kNetworkMargin + (width - picture.extent.width) / 2, kTop);
  draw_edges(svg, picture);
  for (size_t i = 0; i < picture.boxes.size(); ++i) {
    const LayoutBox& place = picture.places[i];
    if (picture.boxes[i].holds_blocks) {
      svg.begin_group(place.x - place.width / 2, place.y);
      blocks->draw(svg);
      svg.end_group();
    } else {
      draw_box(svg, picture.boxes[i], place);
    }
  }
  svg.end_group();
  return svg.document(width + 2 * kNetworkMargin, kTop + picture.extent.height + kNetworkMargin);
}

}  // namespace tessera
