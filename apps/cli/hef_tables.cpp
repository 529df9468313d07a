#include <fmt/format.h>

#include <map>
#include <unordered_map>

#include "cli/console.h"
#include "cli/hef_files.h"
#include "cli/hef_words.h"
#include "vendor/hailo/hef/hef_names.h"

namespace tessera::cli {
namespace {

// "[(56, 56, 128), (56, 56, 64)]"
std::string tuples(const std::vector<HefDims>& list) {
  std::string text = "[";
  for (const HefDims& dims : list) {
    if (text.size() > 1) text += ", ";
    text += fmt::format("({}, {}, {})", dims.height, dims.width, dims.features);
  }
  return text + "]";
}

// A name as one field of a line.
std::string field(const std::string& text) {
  std::string safe = printable_line(text);
  for (char& c : safe) {
    if (c == '\t') c = ' ';
  }
  return safe;
}

using EdgesBySource = std::unordered_map<uint64_t, std::string>;

EdgesBySource buffers_by_source(const HefMapping& mapping) {
  EdgesBySource buffers;
  for (const HefMappedEdge& edge : mapping.edges) {
    std::string& text = buffers[edge.source];
    if (!text.empty()) text += ", ";
    text += fmt::format("({}, {})", edge.buffers, edge.row_bytes);
  }
  return buffers;
}

std::string layers_table(const HefMapping& mapping) {
  std::string text =
      "name\ttype\tin\tout\tkernel\tstride\tdil\tf9\tSC\tLCU\tAPU\tIA\tL3\tIN\tOUT\tcluster\t"
      "bufs(dst,n,rowbytes)\tsc18\tpart_of\n";
  const EdgesBySource buffers = buffers_by_source(mapping);
  for (const HefMappedLayer& layer : mapping.layers) {
    std::string places, decisions;
    for (const HefPlace& place : layer.places) {
      places += fmt::format("{}({}, {})", places.empty() ? "" : ", ", place.kind, place.cluster);
    }
    for (const auto& [number, value] : layer.decisions) {
      decisions += fmt::format("{}{}: {}", decisions.empty() ? "" : ", ", number, value);
    }
    const auto edges = buffers.find(layer.id);
    text += fmt::format(
        "{}\t{}\t{}\t{}\t{}\t{}\t{}\t\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t[{}]\t[{}]\t{{{}}}\t{}\n",
        field(layer.name), layer.type, tuples(layer.inputs), tuples(layer.outputs),
        tuples(layer.kernels), tuples(layer.strides), tuples(layer.dilations),
        count_of(layer.units, HefUnit::sc), count_of(layer.units, HefUnit::lcu),
        count_of(layer.units, HefUnit::apu), count_of(layer.units, HefUnit::aligner),
        count_of(layer.units, HefUnit::l3), count_of(layer.units, HefUnit::port_in),
        count_of(layer.units, HefUnit::port_out), places,
        edges == buffers.end() ? "" : edges->second, decisions, field(layer.part_of));
  }
  return text;
}

std::string edges_table(const HefMapping& mapping) {
  std::unordered_map<uint64_t, const std::string*> names;
  for (const HefMappedLayer& layer : mapping.layers) names.emplace(layer.id, &layer.name);
  const auto name_of = [&](uint64_t id) {
    const auto found = names.find(id);
    return found == names.end() ? fmt::format("#{}", id) : field(*found->second);
  };
  std::string text = "context\tfrom\tto\tbuffers\trow_bytes\twidth\tfeatures\trows\n";
  for (const HefMappedEdge& edge : mapping.edges) {
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", edge.context, name_of(edge.source),
                        name_of(edge.target), edge.buffers, edge.row_bytes, edge.width,
                        edge.features, edge.rows);
  }
  return text;
}

std::string clusters_table(const HefMapping& mapping) {
  std::string text = "context\twhere\tlayers";
  for (size_t i = 0; i < kHefUnits; ++i) {
    text += fmt::format("\t{}", to_string(static_cast<HefUnit>(i)));
  }
  text += "\n";
  for (const HefClusterLoad& load : mapping.clusters) {
    text += fmt::format("{}\t{}\t{}", load.context, place_text(load.place), load.layers);
    for (const uint64_t count : load.units) text += fmt::format("\t{}", count);
    text += "\n";
  }
  return text;
}

std::string streams_table(const Hef& hef) {
  std::string text =
      "group\tcontext\tdirection\tname\theight\twidth\tfeatures\tpadded_height\tpadded_width\t"
      "padded_features\torder\tcode_bytes\tscale\tzero_point\tbytes_per_buffer\t"
      "buffers_per_frame\n";
  for (const HefGroup& group : hef.groups) {
    for (const HefCoreOp& core : group.cores) {
      for (const HefContext& context : core.contexts) {
        for (const HefStream& stream : context.streams) {
          const HefQuantization numbers = stream.quantization.value_or(HefQuantization{});
          text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
                              field(group.name), context.index, stream.to_device ? "in" : "out",
                              field(stream.name), stream.shape.height, stream.shape.width,
                              stream.shape.features, stream.padded.height, stream.padded.width,
                              stream.padded.features, hef_order_name(stream.format),
                              stream.code_bytes, numbers.scale, numbers.zero_point,
                              stream.bytes_per_buffer, stream.buffers_per_frame);
        }
      }
    }
  }
  return text;
}

std::string rules_table(const HefMapping& mapping) {
  std::string text = "layer\trule\n";
  for (const HefMappedLayer& layer : mapping.layers) {
    for (const std::string& rule : layer.constraints) {
      text += fmt::format("{}\t{}\n", field(layer.name), field(rule));
    }
  }
  return text;
}

}  // namespace

std::vector<HefTable> hef_tables(const Hef& hef) {
  return {{"layers.tsv", layers_table(hef.mapping)},
          {"edges.tsv", edges_table(hef.mapping)},
          {"clusters.tsv", clusters_table(hef.mapping)},
          {"streams.tsv", streams_table(hef)},
          {"rules.tsv", rules_table(hef.mapping)}};
}

}  // namespace tessera::cli
