// The document that 'tessera hef inspect --json' prints.
#include <fmt/format.h>

#include "cli/hef_report.h"
#include "cli/hef_words.h"
#include "vendor/hailo/hef/cluster_capacity.h"
#include "vendor/hailo/hef/hef_checks.h"
#include "vendor/hailo/hef/hef_names.h"

namespace tessera::cli {
namespace {

Document shape_document(const HefShape& shape) {
  return {shape.height, shape.width, shape.features};
}

Document dims_document(const std::vector<HefDims>& list) {
  Document document = Document::array();
  for (const HefDims& dims : list) {
    document.push_back(Document::array({dims.height, dims.width, dims.features}));
  }
  return document;
}

Document quantization_document(const HefQuantization& numbers) {
  Document document{{"scale", numbers.scale},
                    {"zero_point", numbers.zero_point},
                    {"least", numbers.least},
                    {"most", numbers.most}};
  if (numbers.per_feature()) {
    document["scales"] = numbers.scales;
    document["zero_points"] = numbers.zero_points;
  }
  return document;
}

Document stream_document(const HefStream& stream) {
  Document document{{"direction", stream.to_device ? "in" : "out"},
                    {"name", stream.name},
                    {"kind", to_string(stream.kind)},
                    {"connection", to_string(stream.connection)},
                    {"layer", stream.layer},
                    {"original_names", stream.original_names},
                    {"shape", shape_document(stream.shape)},
                    {"padded_shape", shape_document(stream.padded)},
                    {"order", hef_order_name(stream.format)},
                    {"code_bytes", stream.code_bytes},
                    {"index", stream.sys_index},
                    {"engine", stream.engine},
                    {"bytes_per_buffer", stream.bytes_per_buffer},
                    {"buffers_per_frame", stream.buffers_per_frame},
                    {"network", stream.network},
                    {"transposed", stream.transposed}};
  if (stream.quantization) document["quantization"] = quantization_document(*stream.quantization);
  if (stream.nms) {
    document["nms"] = {{"classes", stream.nms->classes},
                       {"most_boxes", stream.nms->most_boxes},
                       {"box_values", stream.nms->box_values},
                       {"division", stream.nms->division}};
  }
  if (!stream.parts.empty()) document["parts"] = stream.parts;
  return document;
}

Document config_document(const HefConfig& config) {
  Document clusters = Document::array();
  for (const auto& [cluster, units] : config.clusters) {
    clusters.push_back({{"cluster", cluster},
                        {"sc", units.sc},
                        {"apu", units.apu},
                        {"aligners", units.aligners},
                        {"lcu", units.lcu}});
  }
  return {{"actions", config.actions},
          {"weight_bytes", config.weight_bytes + config.inline_weight_bytes},
          {"register_bytes", config.register_bytes},
          {"switched_on", std::move(clusters)}};
}

Document core_document(const HefCoreOp& core) {
  Document contexts = Document::array();
  for (const HefContext& context : core.contexts) {
    Document streams = Document::array();
    for (const HefStream& stream : context.streams) streams.push_back(stream_document(stream));
    contexts.push_back({{"index", context.index},
                        {"name", context.name},
                        {"configuration", config_document(context.config)},
                        {"streams", std::move(streams)}});
  }
  Document document{{"name", core.name},
                    {"transposed", core.transposed},
                    {"bottleneck_fps", core.bottleneck_fps},
                    {"latency_seconds", core.latency_seconds},
                    {"config_channels", core.config_channels},
                    {"sorted_outputs", core.sorted_outputs},
                    {"networks", core.networks},
                    {"weight_bytes", core.weight_bytes()},
                    {"preliminary_configuration", config_document(core.preliminary)},
                    {"contexts", std::move(contexts)}};
  if (core.clusters) document["layout_of_clusters"] = *core.clusters;
  return document;
}

Document group_document(const HefGroup& group) {
  Document cores = Document::array();
  for (const HefCoreOp& core : group.cores) cores.push_back(core_document(core));
  Document ops = Document::array();
  for (const HefHostOp& op : group.host_ops) {
    ops.push_back({{"name", op.name},
                   {"kind", op.kind},
                   {"settings", op.settings},
                   {"inputs", op.inputs},
                   {"outputs", op.outputs}});
  }
  return {{"name", group.name},
          {"net_flow", group.net_flow},
          {"cores", std::move(cores)},
          {"host_operations", std::move(ops)}};
}

Document units_document(const HefUnitCounts& units) {
  Document document = Document::object();
  for (size_t i = 0; i < kHefUnits; ++i) {
    if (units[i] > 0) document[std::string(to_string(static_cast<HefUnit>(i)))] = units[i];
  }
  return document;
}

Document place_document(const HefPlace& place) {
  Document document{{"where", place_text(place)}};
  if (place.in_cluster()) document["cluster"] = place.cluster;
  return document;
}

Document layer_document(const HefMappedLayer& layer) {
  Document places = Document::array();
  for (const HefPlace& place : layer.places) places.push_back(place_document(place));
  Document decisions = Document::object();
  for (const auto& [field, value] : layer.decisions) decisions[std::to_string(field)] = value;
  return {{"id", layer.id},
          {"name", layer.name},
          {"type", hef_layer_type_name(layer.type)},
          {"part_of", layer.part_of},
          {"original_names", layer.original_names},
          {"context", layer.context},
          {"inputs", dims_document(layer.inputs)},
          {"outputs", dims_document(layer.outputs)},
          {"kernels", dims_document(layer.kernels)},
          {"strides", dims_document(layer.strides)},
          {"dilations", dims_document(layer.dilations)},
          {"subclusters", layer.subclusters},
          {"row_per_cut", layer.row_per_cut},
          {"decisions", std::move(decisions)},
          {"units", units_document(layer.units)},
          {"places", std::move(places)}};
}

Document edge_document(const HefMappedEdge& edge) {
  return {{"context", edge.context},     {"from", edge.source},
          {"to", edge.target},           {"buffers", edge.buffers},
          {"row_bytes", edge.row_bytes}, {"width", edge.width},
          {"features", edge.features},   {"rows", edge.rows}};
}

Document mapping_document(const HefMapping& mapping, uint32_t arch) {
  Document layers = Document::array(), edges = Document::array(), clusters = Document::array();
  Document rules = Document::array();
  for (const HefMappedLayer& layer : mapping.layers) layers.push_back(layer_document(layer));
  for (const HefMappedEdge& edge : mapping.edges) edges.push_back(edge_document(edge));
  for (const HefClusterLoad& load : mapping.clusters) {
    Document row = place_document(load.place);
    row["context"] = load.context;
    row["layers"] = load.layers;
    row["units"] = units_document(load.units);
    clusters.push_back(std::move(row));
  }
  for (const HefRule& rule : rules_of(mapping)) {
    rules.push_back({{"text", rule.text}, {"layers", rule.layers}});
  }
  Document capacity = Document::object();
  for (const HefUnit unit : kClusterUnits) {
    if (const auto have = cluster_capacity(arch, unit)) {
      capacity[std::string(to_string(unit))] = *have;
    }
  }
  return {{"bytes", mapping.bytes},
          {"allocator", mapping.allocator},
          {"clock_hz", mapping.clock_hz},
          {"bottleneck_fps", mapping.bottleneck_fps},
          {"caps", mapping.caps},
          {"timeouts_seconds", mapping.timeouts_seconds},
          {"cluster_capacity", std::move(capacity)},
          {"units", units_document(mapping.units)},
          {"clusters", std::move(clusters)},
          {"layers", std::move(layers)},
          {"edges", std::move(edges)},
          {"rules", std::move(rules)}};
}

Document header_document(const Hef& hef) {
  const HefHeader& header = hef.header;
  Document document{{"version", header.version},
                    {"header_bytes", header.header_bytes},
                    {"description_bytes", header.description_bytes},
                    {"padding_bytes", header.padding_bytes},
                    {"weight_bytes", header.weight_bytes},
                    {"additional_bytes", header.additional_bytes},
                    {"checksum", to_string(header.checksum)},
                    {"stated", header.stated}};
  if (!header.description_stated.empty()) {
    document["stated_of_description"] = header.description_stated;
  }
  if (hef.checksums.computed) {
    document["actual"] = hef.checksums.actual;
    document["matches"] = hef.checksums.matches;
  }
  return document;
}

}  // namespace

Document damage_document(const DamageLog& damage) {
  Document document = Document::array();
  for (const Damage& one : damage.listed()) {
    document.push_back({{"byte", one.offset}, {"what", one.what}});
  }
  return document;
}

Document hef_document(const Hef& hef) {
  Document extensions = Document::array(), groups = Document::array();
  for (const HefExtension& extension : hef.extensions) {
    extensions.push_back({{"index", extension.index},
                          {"name", hef_extension_name(extension.index)},
                          {"text", extension.name},
                          {"optional", extension.optional}});
  }
  for (const HefGroup& group : hef.groups) groups.push_back(group_document(group));
  Document objections = Document::array();
  for (const HefObjection& objection : hef_objections(hef)) {
    objections.push_back(
        {{"status", objection.status}, {"name", objection.name}, {"why", objection.why}});
  }
  return {{"intact", hef.intact()},
          {"damage", damage_document(hef.damage)},
          {"damage_not_listed", hef.damage.unlisted()},
          {"hailort_refuses", std::move(objections)},
          {"header", header_document(hef)},
          {"architecture", hef_arch_name(hef.arch)},
          {"chip", hef_chip_name(hef.arch)},
          {"sdk_version", hef.sdk_version},
          {"timestamp_ms", hef.timestamp_ms},
          {"format_version", hef.format_version},
          {"extensions", std::move(extensions)},
          {"features", hef.features},
          {"external_resources", hef.external_resources},
          {"groups", std::move(groups)},
          {"mapping", mapping_document(hef.mapping, hef.arch)}};
}

}  // namespace tessera::cli
