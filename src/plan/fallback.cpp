#include "plan/fallback.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "plan/assemble.h"
#include "plan/phases.h"
#include "plan/tiling.h"

namespace tessera {
namespace {

constexpr size_t kNamedNodes = 3;

bool on_chip(const std::vector<Assignment>& places, NodeId id) {
  return places[static_cast<size_t>(index_of(id))].place == Place::chip;
}

// Convolutions that the chip would get by phases, and cannot as they are.
void settle_dilations(const Graph& graph, const std::vector<Assignment>& places,
                      PlanRecipe& recipe) {
  for (NodeId id : graph.order()) {
    const auto* conv = graph.get_if<Conv>(id);
    if (conv == nullptr || !on_chip(places, id)) continue;
    const int64_t dilation = conv->dilation.w;
    if (conv->weight.dim(3) == 1 || dilation <= recipe.dilation) continue;
    Node node = graph.node(id);
    const auto& padded = recipe.padded_by_host;
    if (std::find(padded.begin(), padded.end(), node.name) != padded.end()) continue;
    if (leaves_its_phase(graph, node, dilation).empty()) continue;
    std::get<Conv>(node.op).padding = {};
    const std::string why = leaves_its_phase(graph, node, dilation);
    if (why.empty()) {
      recipe.padded_by_host.push_back(node.name);
    } else {
      recipe.kept_by_host[node.name] = "no phases take its dilation: " + why;
    }
  }
}

// False where every segment computes something.
bool settle_moves(const Graph& graph, const std::vector<Assignment>& places, PlanRecipe& recipe) {
  bool found = false;
  for (const ChipSegment& segment : divide_by(recipe, graph, places).segments) {
    const bool computes = std::any_of(segment.nodes.begin(), segment.nodes.end(), [&](NodeId id) {
      const Op& op = graph.node(id).op;
      return !only_moves_data(op) && !std::holds_alternative<Constant>(op);
    });
    if (computes) continue;
    for (NodeId id : segment.nodes) {
      if (!only_moves_data(graph.node(id).op)) continue;
      recipe.kept_by_host[graph.node(id).name] = "moves data between segments";
      found = true;
    }
  }
  return found;
}

// Nodes of a segment that break a rule in a tile of one frame, where there is one.
std::vector<NodeId> incurable(const Plan& plan, const ChipSegment& chosen, const Target& target,
                              bool blocks_may_help, std::string& rule) {
  ChipSegment segment = chosen;
  segment.tiling = {Layout::row, 1, 1, segment.tiling.phases};
  if (!tile_segment(plan.graph, segment)) segment.pieces = chosen.pieces;
  std::vector<NodeId> nodes;
  for (const Piece& piece : segment.pieces) {
    for (const Violation& violation : check(piece.graph, target).violations) {
      const NodeId id = violation.node == kNoNode ? kNoNode : plan.graph.find(violation.node_name);
      if (id == kNoNode || violation.verdict == Verdict::fits) continue;
      const bool by_blocks =
          plan.graph.get_if<Conv>(id) != nullptr && violation.has_remedy("block_channels");
      if (by_blocks && blocks_may_help) continue;
      rule = violation.rule;
      nodes.push_back(id);
    }
  }
  return nodes;
}

std::string listed(const std::vector<std::string>& nodes) {
  std::string names;
  for (size_t i = 0; i < std::min(nodes.size(), kNamedNodes); ++i) {
    names += fmt::format("{}'{}'", i == 0 ? "" : ", ", nodes[i]);
  }
  if (nodes.size() <= kNamedNodes) return names;
  return names + fmt::format(" and {} more", nodes.size() - kNamedNodes);
}

}  // namespace

Result<void> settle_fallbacks(const Graph& legal, PlanRecipe& recipe) {
  settle_dilations(legal, place_by(recipe, legal), recipe);
  while (true) {
    TESSERA_TRY(const Graph graph, planned_graph(legal, recipe));
    if (!settle_moves(graph, place_by(recipe, graph), recipe)) return {};
  }
}

bool keep_what_no_cut_cures(const Plan& plan, const Target& target, PlanRecipe& recipe) {
  const size_t before = recipe.kept_by_host.size();
  for (const bool blocks_may_help : {true, false}) {
    for (const ChipSegment& segment : plan.segments) {
      if (segment.verdict == Verdict::fits) continue;
      if (segment.pieces.empty()) {
        for (NodeId id : segment.nodes)
          recipe.kept_by_host.emplace(plan.graph.node(id).name, "no tile can hold its segment");
        continue;
      }
      std::string rule;
      for (NodeId id : incurable(plan, segment, target, blocks_may_help, rule)) {
        recipe.kept_by_host.emplace(plan.graph.node(id).name,
                                    fmt::format("no cut keeps the rule {}", rule));
      }
    }
    if (recipe.kept_by_host.size() > before) return true;
  }
  return false;
}

std::vector<Note> notes_of(const PlanRecipe& recipe) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const auto& [node, reason] : recipe.kept_by_host) by_reason[reason].push_back(node);
  std::vector<Note> notes;
  for (const auto& [reason, nodes] : by_reason) {
    notes.push_back(
        {NoteSeverity::info, fmt::format("on the host: {} ({})", listed(nodes), reason)});
  }
  if (!recipe.padded_by_host.empty()) {
    notes.push_back({NoteSeverity::info,
                     fmt::format("the host lays the padding of {}, so that their phases meet",
                                 listed(recipe.padded_by_host))});
  }
  return notes;
}

}  // namespace tessera
