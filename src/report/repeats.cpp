#include "report/repeats.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace tessera {
namespace {

// What makes two nodes alike: op, weight dimensions and stride; not dilation, padding or length.
std::string signature(const Node& node) {
  std::string text = op_name(node.op);
  for (const NamedWeight& weight : weights_of(node.op)) {
    text += ' ' + std::string(weight.name) + dims_to_string(weight.tensor->dims());
  }
  if (const auto* conv = std::get_if<Conv>(&node.op)) text += std::to_string(conv->stride.w);
  return text + ' ' + std::to_string(node.shape.c);
}

struct Run {
  size_t begin = 0;
  size_t period = 0;
  size_t count = 0;
  size_t length() const { return period * count; }
};

// The longest stretch made of one period repeated; the shortest period of those.
Run longest_run(const std::vector<int>& tokens) {
  Run best;
  const size_t n = tokens.size();
  for (size_t period = 2; period <= n / 2; ++period) {
    size_t equal = 0;  // tokens up to i that equal the token one period earlier
    for (size_t i = period; i <= n; ++i) {
      if (i < n && tokens[i] == tokens[i - period]) {
        ++equal;
        continue;
      }
      const Run run{i - equal - period, period, equal / period + 1};
      if (run.count >= 2 && run.length() > best.length()) best = run;
      equal = 0;
    }
  }
  return best;
}

// Distinct values that a block starting at `begin` reads from outside itself.
size_t values_entering(const Graph& graph, const std::vector<NodeId>& order, size_t begin,
                       size_t period) {
  std::unordered_set<int32_t> inside, entering;
  for (size_t i = begin; i < begin + period; ++i) inside.insert(index_of(order[i]));
  for (size_t i = begin; i < begin + period; ++i) {
    for (const NodeId input : graph.node(order[i]).inputs) {
      if (!inside.contains(index_of(input))) entering.insert(index_of(input));
    }
  }
  return entering.size();
}

// Where in the period a block begins is a matter of view: the view with the fewest values crossing
// is the author's.
Run rotated_to_fewest_crossings(const Graph& graph, const std::vector<NodeId>& order, Run run) {
  Run best = run;
  size_t fewest = SIZE_MAX;
  for (size_t shift = 0; shift < run.period && run.count >= 2; ++shift) {
    const size_t whole = shift == 0 ? run.count : run.count - 1;
    const size_t sample = run.begin + shift + (whole > 1 ? run.period : 0);
    const size_t crossing = values_entering(graph, order, sample, run.period);
    if (crossing < fewest) {
      fewest = crossing;
      best = {run.begin + shift, run.period, whole};
    }
  }
  return best;
}

// Matches nodes outward from the run's end (or beginning) against the pattern, leaving out places
// that the graph lacks there.
RepeatInstance partial_instance(const std::vector<int>& tokens, const std::vector<NodeId>& order,
                                const Run& run, bool before) {
  RepeatInstance instance{std::vector<NodeId>(run.period, kNoNode)};
  size_t at = before ? run.begin : run.begin + run.length();
  for (size_t step = 0; step < run.period; ++step) {
    const size_t place = before ? run.period - 1 - step : step;
    if (before ? at == 0 : at == order.size()) break;
    const size_t candidate = before ? at - 1 : at;
    if (tokens[candidate] != tokens[run.begin + place]) continue;
    instance.nodes[place] = order[candidate];
    at = before ? at - 1 : at + 1;
  }
  return instance;
}

bool mostly_there(const RepeatInstance& instance) {
  const auto there = std::count_if(instance.nodes.begin(), instance.nodes.end(),
                                   [](NodeId id) { return id != kNoNode; });
  return static_cast<size_t>(there) * 2 > instance.nodes.size();
}

}  // namespace

std::optional<Repeats> find_repeats(const Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  std::unordered_map<std::string, int> known;
  std::vector<int> tokens;
  for (const NodeId id : order) {
    tokens.push_back(
        known.emplace(signature(graph.node(id)), static_cast<int>(known.size())).first->second);
  }
  Run run = longest_run(tokens);
  if (run.count < 2) return std::nullopt;
  run = rotated_to_fewest_crossings(graph, order, run);

  Repeats repeats;
  RepeatInstance first = partial_instance(tokens, order, run, true);
  if (mostly_there(first)) repeats.instances.push_back(std::move(first));
  for (size_t block = 0; block < run.count; ++block) {
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(run.begin + block * run.period);
    repeats.instances.push_back(
        {std::vector<NodeId>(begin, begin + static_cast<std::ptrdiff_t>(run.period))});
  }
  RepeatInstance last = partial_instance(tokens, order, run, false);
  if (mostly_there(last)) repeats.instances.push_back(std::move(last));

  // Complete, and fed from a complete one, if there are that many.
  repeats.typical = repeats.instances.size() > 3 ? 2 : 1;

  const size_t covered = repeats.instances.size() * run.period;
  if (repeats.instances.size() < 2 || covered * 2 < order.size()) return std::nullopt;
  return repeats;
}

}  // namespace tessera
