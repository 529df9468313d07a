#include "sweep/case_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "graph/subgraph.h"
#include "sweep/seeded_network.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/verify.h"

namespace tessera {
namespace {

class ModelParts {
 public:
  explicit ModelParts(const Graph& graph) : graph_(graph), roles_(conv_tasnet_roles(graph)) {}

  Result<Graph> encoder() const {
    TESSERA_TRY(const NodeId encoded, node_of("encoder"));
    return part_between(graph_, graph_.inputs(), std::vector{encoded}, "encoder");
  }

  // From what enters it to its residual and skip values.
  Result<Graph> block(int64_t index) const {
    const std::string name = fmt::format("tcn{}", index);
    TESSERA_TRY(const NodeId from, node_of(index == 0 ? std::string("bottleneck")
                                                      : fmt::format("tcn{}_residual", index - 1)));
    std::vector<NodeId> outputs;
    for (const char* value : {"_residual", "_skip"}) {
      const NodeId id = find(name + value);
      if (id != kNoNode) outputs.push_back(id);
    }
    if (outputs.empty()) return missing(name);
    return part_between(graph_, std::vector{from}, outputs, name);
  }

  int64_t blocks() const {
    int64_t count = 0;
    while (find(fmt::format("tcn{}_depth", count)) != kNoNode) ++count;
    return count;
  }

 private:
  NodeId find(const std::string& role) const {
    for (NodeId id : graph_.order()) {
      const auto found = roles_.find(id);
      if (found != roles_.end() &&
          std::find(found->second.begin(), found->second.end(), role) != found->second.end())
        return id;
    }
    return kNoNode;
  }

  Error missing(const std::string& what) const {
    return TESSERA_ERROR(
        kUnsupported, "part",
        fmt::format("the network has no '{}' that is recognised; it has {} blocks", what, blocks()),
        "parts are those of a Conv-TasNet: take part = \"whole\"");
  }

  Result<NodeId> node_of(const std::string& role) const {
    const NodeId id = find(role);
    if (id == kNoNode) return missing(role);
    return id;
  }

  const Graph& graph_;
  std::map<NodeId, std::vector<std::string>> roles_;
};

// The network with its first blocks alone.
Result<Graph> prefix_of(Graph graph, int64_t depth) {
  const int64_t blocks = ModelParts(graph).blocks();
  if (depth > blocks) {
    return TESSERA_ERROR(kInvalidArgument, "depth",
                         fmt::format("is {}, the network has {} blocks", depth, blocks),
                         "count blocks from 1");
  }
  if (depth == blocks) return graph;
  RewriteOptions options;
  options.only = {"eliminate_dead", "truncate_blocks"};
  options.parameters.keep_blocks = depth;
  TESSERA_TRY_VOID(rewrite(graph, options));
  return graph;
}

}  // namespace

Result<Graph> case_network(const Parameters& parameters, const std::filesystem::path& folder) {
  if (!parameters.has("model")) return seeded_network(parameters);
  ImportOptions options;
  if (parameters.has("length")) options.length_samples = parameters.count("length", 0);
  TESSERA_TRY(ImportedModel model, import_model(folder / parameters.word("model", ""), options));
  const std::string part = parameters.word("part", "whole");
  if (part == "encoder") return ModelParts(model.graph).encoder();
  if (part == "masker") return parity_network(model.graph, ParityPart::masker);
  if (part == "decoder") return parity_network(model.graph, ParityPart::decoder);
  if (part == "block") return ModelParts(model.graph).block(parameters.count("block", 0));
  if (part == "prefix") return prefix_of(std::move(model.graph), parameters.count("depth", 1));
  return std::move(model.graph);
}

}  // namespace tessera
