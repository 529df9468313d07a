#include "rewrite/legalize.h"

#include "base/json_fields.h"

namespace tessera {

Result<RewriteLog> legalize(Graph& graph, const RewriteParameters& parameters) {
  RewriteOptions options;
  options.parameters = parameters;
  if (!parameters.calibrated.empty()) options.enable.emplace_back("freeze_global_norm");
  if (!parameters.channel_bases.empty()) options.enable.emplace_back("change_channel_basis");
  TESSERA_TRY(RewriteLog log, rewrite(graph, options));
  if (!log.not_legal.empty()) {
    return TESSERA_ERROR(kUnsupported, "",
                         "rewriting leaves what no chip and no host step does: " + log.not_legal,
                         "see why every rule declined: tessera rewrite MODEL --show");
  }
  return log;
}

Result<Graph> approximated_network(const Graph& imported, const RewriteParameters& parameters) {
  Graph graph = imported;
  if (parameters.calibrated.empty()) return graph;
  RewriteOptions options;
  options.only = {"freeze_global_norm"};
  options.parameters = parameters;
  TESSERA_TRY_VOID(rewrite(graph, options));
  return graph;
}

std::string print_frozen_norms(const std::map<std::string, NormConstants>& norms) {
  Json json = Json::object();
  for (const auto& [name, constants] : norms) {
    json[name] = {{"mean", constants.mean}, {"variance", constants.variance}};
  }
  return print_json({{"norms", std::move(json)}});
}

Result<std::map<std::string, NormConstants>> parse_frozen_norms(std::span<const uint8_t> text) {
  const std::string name = "calibration/frozen_norms.json";
  TESSERA_TRY(const Json json, parse_json(text, name));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, name));
  TESSERA_TRY(const auto rows, fields.named_objects("norms"));
  std::map<std::string, NormConstants> norms;
  for (const auto& [norm, row] : rows) {
    TESSERA_TRY(norms[norm].mean, row.numbers("mean"));
    TESSERA_TRY(norms[norm].variance, row.numbers("variance"));
  }
  return norms;
}

std::string print_channel_bases(const std::map<std::string, ChannelBasis>& bases) {
  Json json = Json::object();
  for (const auto& [name, basis] : bases) {
    json[name] = {{"matrix", basis.matrix}, {"inverse", basis.inverse}};
  }
  return print_json({{"streams", std::move(json)}});
}

Result<std::map<std::string, ChannelBasis>> parse_channel_bases(std::span<const uint8_t> text) {
  const std::string name = "calibration/channel_bases.json";
  TESSERA_TRY(const Json json, parse_json(text, name));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, name));
  TESSERA_TRY(const auto rows, fields.named_objects("streams"));
  std::map<std::string, ChannelBasis> bases;
  for (const auto& [stream, row] : rows) {
    TESSERA_TRY(bases[stream].matrix, row.numbers("matrix"));
    TESSERA_TRY(bases[stream].inverse, row.numbers("inverse"));
  }
  return bases;
}

}  // namespace tessera
