#include "sweep/frontier.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include "sweep/case_network.h"
#include "tessera/compiler/verify.h"

namespace tessera {
namespace {

// Names of a case's layers, each with its component.
using Layers = std::map<std::string, std::string>;

Layers layers_of(const CaseResult& result, const std::filesystem::path& folder) {
  Layers layers;
  const Result<Graph> network = case_network(result.parameters, folder);
  if (!network) return layers;
  const auto roles = conv_tasnet_roles(*network);
  for (NodeId id : network->order()) {
    const std::string& name = network->node(id).name;
    std::string component = component_of(name);
    const auto found = roles.find(id);
    // Networks from files have names of their own: their roles tell the block.
    if (result.parameters.has("model") && found != roles.end() && !found->second.empty())
      component = component_of(found->second.front());
    layers.emplace(name, std::move(component));
  }
  return layers;
}

int64_t number_in(const CaseResult& result, const CaseViolation& like) {
  for (const CaseViolation& one : result.violations) {
    if (one.rule == like.rule && one.node == like.node) return one.number;
  }
  return 0;
}

class Series {
 public:
  Series(std::string name, const std::filesystem::path& folder) : folder_(folder) {
    frontier_.series = std::move(name);
  }

  void add(const CaseResult& result) { rows_.push_back(&result); }

  Frontier find() {
    const auto fails = [](const CaseResult* row) { return row->failed(); };
    const auto open = [](const CaseResult* row) { return row->failed() || !row->unknown.empty(); };
    auto at = std::find_if(rows_.begin(), rows_.end(), fails);
    frontier_.unknown = at == rows_.end();
    if (frontier_.unknown) at = std::find_if(rows_.begin(), rows_.end(), open);
    if (at == rows_.end()) {
      frontier_.text = fmt::format("all {} rows pass", rows_.size());
      return std::move(frontier_);
    }
    const CaseResult& row = **at;
    const CaseResult* before = at == rows_.begin() ? nullptr : *(at - 1);
    frontier_.at = row.name;
    if (before != nullptr) frontier_.before = before->name;
    if (row.failure) {
      frontier_.signature = row.failure->signature;
      frontier_.family = row.failure->family;
    }
    attribute(row, before);
    frontier_.text = describe(row);
    return std::move(frontier_);
  }

 private:
  void attribute(const CaseResult& row, const CaseResult* before) {
    const Layers layers = layers_of(row, folder_);
    const Layers known = before == nullptr ? layers : layers_of(*before, folder_);
    std::set<std::string> before_it;
    for (const auto& [layer, component] : known) before_it.insert(component);
    std::set<std::string> added;  // no layer of it was there before
    std::set<std::string> grown;
    for (const auto& [layer, component] : layers) {
      if (!before_it.contains(component)) added.insert(component);
      if (!known.contains(layer)) grown.insert(component);
    }
    if (added.empty()) added = std::move(grown);
    frontier_.added.assign(added.begin(), added.end());
    const std::string verdict = frontier_.unknown ? "unknown" : "does not fit";
    std::vector<FrontierCause> old;
    for (const CaseViolation& one : row.violations) {
      if (one.verdict != verdict) continue;
      FrontierCause cause;
      const auto found = layers.find(one.node);
      cause.component = one.node.empty()        ? "the whole network"
                        : found != layers.end() ? found->second
                                                : component_of(one.node);
      cause.node = one.node;
      cause.rule = one.rule;
      cause.entry = one.entry;
      cause.number = one.number;
      cause.number_before = before == nullptr ? 0 : number_in(*before, one);
      cause.limit = one.limit;
      cause.reason = one.reason;
      cause.added = before != nullptr && !one.node.empty() && !known.contains(one.node);
      const bool is_new = before == nullptr || cause.number_before != one.number;
      (is_new ? frontier_.causes : old).push_back(std::move(cause));
    }
    // Nothing is new: what the row breaks, the rows before broke as well.
    if (frontier_.causes.empty()) frontier_.causes = std::move(old);
    const std::string layer = row.failure ? row.failure->layer : "";
    const std::string said = row.failure_head();
    const auto rank = [&](const FrontierCause& cause) {
      const bool told = !cause.reason.empty() && said.find(cause.reason) != std::string::npos;
      return std::tuple(!cause.added, cause.node != layer, !told, -cause.number);
    };
    std::stable_sort(frontier_.causes.begin(), frontier_.causes.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  }

  std::string describe(const CaseResult& row) const {
    const std::string verb = frontier_.unknown ? "may fail" : "fails";
    std::string what = row.failure_head();
    if (!frontier_.causes.empty()) {
      const FrontierCause& cause = frontier_.causes.front();
      what =
          fmt::format("{}{}: {}; {}", cause.component,
                      cause.node.empty() ? "" : " (" + cause.node + ")", cause.reason, cause.limit);
    }
    if (frontier_.before.empty())
      return fmt::format("{} {}, the first row: {}", frontier_.at, verb, what);
    const std::string step =
        frontier_.added.empty()
            ? ""
            : fmt::format("; the step adds {}", fmt::join(frontier_.added, ", "));
    return fmt::format("{} {} after {}: {}{}", frontier_.at, verb, frontier_.before, what, step);
  }

  const std::filesystem::path& folder_;
  std::vector<const CaseResult*> rows_;
  Frontier frontier_;
};

}  // namespace

std::string component_of(const std::string& layer) {
  if (layer.starts_with("tcn")) {
    const size_t end = layer.find_first_not_of("0123456789", 3);
    if (layer.size() > 3 && end != 3)
      return "block " + layer.substr(3, end == std::string::npos ? end : end - 3);
  }
  for (const char* module : {"bottleneck", "mask", "decoder", "encoder", "source"}) {
    if (layer.starts_with(module)) {
      const std::string_view name = module;
      return name == "mask" ? "mask head" : name == "source" ? "source projector" : module;
    }
  }
  return layer;
}

std::vector<Frontier> frontiers_of(const SweepRun& run, const std::vector<CaseResult>& cases) {
  std::vector<std::pair<std::string, Series>> all;
  for (const CaseResult& one : cases) {
    const std::string name = one.parameters.word("series", "");
    auto found = std::find_if(all.begin(), all.end(),
                              [&](const auto& series) { return series.first == name; });
    if (found == all.end()) {
      all.emplace_back(name, Series(name, run.definition.folder));
      found = std::prev(all.end());
    }
    found->second.add(one);
  }
  std::vector<Frontier> frontiers;
  for (auto& [name, series] : all) frontiers.push_back(series.find());
  return frontiers;
}

}  // namespace tessera
