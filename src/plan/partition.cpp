#include "plan/partition.h"

#include <algorithm>

#include <fmt/format.h>

#include "graph/slot.h"
#include "plan/window.h"

namespace tessera {
namespace {

// The host has it, for the first reason given.
void keep(Assignment& placement, std::string reason) {
  if (placement.place == Place::host) return;
  placement = {Place::host, std::move(reason)};
}

// Why no chip gets this op, or empty.
std::string_view never_on_chip(const Op& op) {
  if (std::holds_alternative<Input>(op)) return "input";
  if (std::holds_alternative<Constant>(op)) return "constant";
  if (std::holds_alternative<ScaleShift>(op)) return "other numbers for every input";
  if (std::holds_alternative<NormStatistics>(op)) return "statistics";
  if (!is_tileable(op)) return "needs the whole sequence";
  if (host_only(op)) return "frames that overlap";
  return "";
}

void mark_ancestors(const Graph& graph, NodeId id, std::vector<bool>& marked) {
  if (marked[slot(id)]) return;
  marked[slot(id)] = true;
  for (NodeId input : graph.node(id).inputs) mark_ancestors(graph, input, marked);
}

// Products of two computed values with a decoder behind them: where masks meet the encoder's
// output.
std::vector<NodeId> mask_products(const Graph& graph, const std::vector<NodeId>& order) {
  std::vector<bool> decoder_behind(static_cast<size_t>(graph.id_limit()), false);
  std::vector<NodeId> products;
  for (size_t i = order.size(); i-- > 0;) {
    const Node& node = graph.node(order[i]);
    const auto& op = node.op;
    bool behind =
        std::holds_alternative<ConvTranspose>(op) || std::holds_alternative<OverlapAdd>(op);
    for (NodeId user : graph.users(node.id)) behind = behind || decoder_behind[slot(user)];
    decoder_behind[slot(node.id)] = behind;
    const bool computed = std::none_of(node.inputs.begin(), node.inputs.end(), [&](NodeId input) {
      return graph.get_if<Constant>(input) != nullptr;
    });
    if (std::holds_alternative<Mul>(op) && behind && computed) products.push_back(node.id);
  }
  return products;
}

// The host's own by choice: the encoder (everything a mask product's shallower operand is made of)
// and everything from the mask products on.
void keep_ends_on_host(const Graph& graph, const std::vector<NodeId>& order,
                       const PartitionOptions& options, std::vector<Assignment>& places) {
  const std::vector<NodeId> products = mask_products(graph, order);
  std::vector<bool> encoder(places.size(), false);
  std::vector<bool> decoder(places.size(), false);
  for (NodeId product : products) {
    decoder[slot(product)] = true;
    // Canonical graphs put the operand of smaller depth first: the encoder's output.
    mark_ancestors(graph, graph.node(product).inputs[0], encoder);
  }
  for (NodeId id : order) {
    for (NodeId input : graph.node(id).inputs)
      decoder[slot(id)] = decoder[slot(id)] || decoder[slot(input)];
    if (!options.encoder_on_chip && encoder[slot(id)]) keep(places[slot(id)], "the encoder");
    if (!options.masks_on_chip && decoder[slot(id)]) keep(places[slot(id)], "masks and decoder");
  }
}

// Channels of sensors have units of their own: one scale for all in 8 bits would drown the small
// ones, so that the chip gets them normalised.
void keep_input_scaling_on_host(const Graph& graph, const std::vector<NodeId>& order,
                                std::vector<Assignment>& places) {
  for (NodeId id : order) {
    if (graph.get_if<Affine>(id) == nullptr) continue;
    const Node& input = graph.node(graph.node(id).inputs[0]);
    if (std::holds_alternative<Input>(input.op) && input.shape.c > 1)
      keep(places[slot(id)], "the input's own scales");
  }
}

// What moves data between host steps alone moves it on the host.
void keep_moves_beside_host(const Graph& graph, const std::vector<NodeId>& order,
                            std::vector<Assignment>& places) {
  for (size_t i = order.size(); i-- > 0;) {
    const Node& node = graph.node(order[i]);
    if (!only_moves_data(node.op)) continue;
    const auto users = graph.users(node.id);
    if (std::all_of(users.begin(), users.end(),
                    [&](NodeId u) { return places[slot(u)].place == Place::host; })) {
      keep(places[slot(node.id)], "moves data of host steps");
    }
  }
}

// Cures that cutting is: a violation with one of them is no reason to leave the chip.
constexpr std::string_view kCuts[] = {"tile_time",      "stripe_time",
                                      "block_channels", "gather_halo_on_host",
                                      "cut_segments",   "lower_dilation_to_phases"};

bool cut_cures(const Node& node, const Violation& violation) {
  if (std::holds_alternative<Pad>(node.op)) return false;  // its zeros are the host's to lay
  const auto* conv = std::get_if<Conv>(&node.op);
  if (conv != nullptr && violation.rule == "conv_padding") {
    const int64_t longer = conv->padding.bottom - conv->padding.top;
    if (longer != 0 && longer != 1) return false;  // tiles are cut along time alone
  }
  return std::any_of(std::begin(kCuts), std::end(kCuts),
                     [&](std::string_view cut) { return violation.has_remedy(cut); });
}

}  // namespace

bool only_moves_data(const Op& op) {
  return std::holds_alternative<Slice>(op) || std::holds_alternative<Concat>(op) ||
         std::holds_alternative<Pad>(op);
}

std::vector<Assignment> partition_nodes(const Graph& graph, const PartitionOptions& options) {
  const std::vector<NodeId> order = graph.order();
  std::vector<Assignment> places(static_cast<size_t>(graph.id_limit()));
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    if (const auto reason = never_on_chip(node.op); !reason.empty()) {
      keep(places[slot(id)], std::string(reason));
    }
    if (const auto rule = options.on_host.find(node.name); rule != options.on_host.end()) {
      keep(places[slot(id)], "rule " + rule->second);
    }
    if (const auto own = options.kept_by_host.find(node.name); own != options.kept_by_host.end()) {
      keep(places[slot(id)], own->second);
    }
  }
  keep_ends_on_host(graph, order, options, places);
  keep_input_scaling_on_host(graph, order, places);
  if (options.convolutions_only) {
    for (NodeId id : order) {
      if (graph.get_if<Conv>(id) == nullptr) keep(places[slot(id)], "waits for partial sums");
    }
  }
  keep_moves_beside_host(graph, order, places);
  return places;
}

std::map<std::string, std::string> beyond_cutting(const Graph& graph, const Target& target) {
  std::map<std::string, std::string> nodes;
  for (const Violation& violation : check(graph, target).violations) {
    if (violation.node == kNoNode || violation.estimated) continue;
    const Node& node = graph.node(violation.node);
    if (cut_cures(node, violation)) continue;
    nodes.try_emplace(node.name, fmt::format("{}: {}", violation.rule, violation.value));
  }
  return nodes;
}

}  // namespace tessera
