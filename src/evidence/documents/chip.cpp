#include "evidence/documents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tessera::documents {

std::string target_value(const Target& target, const TargetKey& key) {
  const std::string name(key.name);
  switch (key.section) {
    case TargetSection::limits: return target.limit(name).to_string();
    case TargetSection::support: {
      const Support& words = target.words(name);
      std::string text = fmt::format("{}", fmt::join(words.supported, ", "));
      if (!words.unsupported.empty()) {
        text += fmt::format("; not {}", fmt::join(words.unsupported, ", "));
      }
      return text;
    }
    case TargetSection::units: return fmt::format("{} {}", target.unit(name), key.unit);
    case TargetSection::costs: return fmt::format("{} {}", target.cost(name), key.unit);
  }
  return "";
}

std::string target_source(const Target& target, const TargetKey& key) {
  switch (key.section) {
    case TargetSection::limits: return target.limit(key.name).source;
    case TargetSection::support: return target.words(key.name).source;
    case TargetSection::units: return target.units.find(key.name)->second.source;
    case TargetSection::costs: return target.costs.find(key.name)->second.source;
  }
  return "";
}

Json target_entry(const Target& target, const TargetKey& key) {
  Json entry = {{"text", target_value(target, key)}};
  if (key.section == TargetSection::limits) {
    const Limit& limit = target.limit(key.name);
    entry["unit"] = limit.unit;
    if (limit.pass) entry["pass"] = *limit.pass;
    if (limit.fail) entry["fail"] = *limit.fail;
    for (const DataPoint& w : limit.data_points) {
      entry["data_points"].push_back(
          {{"value", w.value}, {"outcome", w.outcome}, {"source", w.source}});
    }
  }
  entry["source"] = target_source(target, key);
  return entry;
}

Json of(const CheckReport& report, const Target& target) {
  Json violations = Json::array();
  for (const Violation& v : report.violations) {
    Json entry = {{"rule", v.rule},
                  {"node", v.node_name},
                  {"op", v.op},
                  {"verdict", to_string(v.verdict)},
                  {"value", v.value}};
    if (v.number != 0) entry["number"] = v.number;
    entry["limit"] = v.limit;
    entry["reason"] = v.reason;
    entry["source"] = v.source;
    entry["remedy"] = v.remedy;
    if (v.estimated) entry["estimated"] = true;
    violations.push_back(std::move(entry));
  }
  Json document = {{"target", target.name},
                   {"verdict", to_string(report.verdict)},
                   {"nodes", report.nodes},
                   {"widest_row_bytes", report.widest_row_bytes},
                   {"widest_row_node", report.widest_row_node}};
  if (target.architecture == Architecture::sequential) {
    document["operators"] = report.physical_layers;
    document["memory_at_least_bytes"] = report.memory_at_least_bytes;
    document["memory_estimated_bytes"] = report.memory_estimated_bytes;
  } else {
    document["physical_layers_estimated"] = report.physical_layers;
    document["contexts_at_least"] = report.contexts_at_least;
    document["contexts_estimated"] = report.contexts_estimated;
  }
  document["violations"] = std::move(violations);
  return document;
}

Json of(const Cost& cost) {
  return {{"calls", cost.calls},
          {"bytes_in", cost.bytes_in},
          {"bytes_out", cost.bytes_out},
          {"idle_bytes", cost.idle_bytes},
          {"macs", cost.macs},
          {"compute_ms_estimated", cost.compute_s * 1e3},
          {"link_ms_estimated", cost.link_s * 1e3},
          {"call_ms_estimated", cost.call_s * 1e3},
          {"switch_ms_estimated", cost.switch_s * 1e3},
          {"total_ms_estimated", cost.seconds() * 1e3}};
}

namespace {

Json segments(const Plan& plan) {
  Json rows = Json::array();
  for (const ChipSegment& segment : plan.segments) {
    Json nodes = Json::array();
    for (NodeId id : segment.nodes) nodes.push_back(plan.graph.node(id).name);
    rows.push_back({{"name", segment.name},
                    {"nodes", std::move(nodes)},
                    {"layout", to_string(segment.tiling.layout)},
                    {"tile_frames", segment.tiling.tile_frames},
                    {"stripes", segment.tiling.stripes},
                    {"phases", segment.tiling.phases},
                    {"pieces", segment.pieces.size()},
                    {"verdict", to_string(segment.verdict)},
                    {"cost", of(segment.cost)}});
  }
  return rows;
}

Json host_steps(const Plan& plan) {
  Json steps = Json::array();
  for (const Step& step : plan.steps) {
    const auto* host = std::get_if<HostStep>(&step);
    if (host == nullptr) continue;
    steps.push_back({{"node", plan.graph.node(host->node).name}, {"reason", host->reason}});
  }
  return steps;
}

}  // namespace

Json of(const Plan& plan) {
  return {{"verdict", to_string(plan.verdict)},
          {"block_channels", plan.recipe.block_channels},
          {"contexts_estimated", plan.contexts},
          {"host_macs", plan.host_macs},
          {"cost", of(plan.cost)},
          {"segments", segments(plan)},
          {"host_steps", host_steps(plan)}};
}

}  // namespace tessera::documents
