// Parts of a graph as graphs of their own.
#pragma once

#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// Copies nodes of one graph into another, operands before their users. A copy keeps its name and
// the source of its origin.
class SubgraphCopy {
 public:
  // Neither graph is owned. `editor` records its rule in every copy.
  SubgraphCopy(const Graph& from, GraphEditor& editor) : from_(from), editor_(editor) {}

  // An Input in place of the node, of its shape or of another one.
  Result<NodeId> add_input(NodeId id);
  Result<NodeId> add_input(NodeId id, const Shape& shape);

  // The node, its operands replaced by what stands for them; with another op if one is given.
  Result<NodeId> add(NodeId id);
  Result<NodeId> add(NodeId id, Op op);

  // `made` stands for the node from now on.
  void set(NodeId id, NodeId made) { made_[id] = made; }

  // An output of the copy, named like the node.
  void add_output(NodeId id);
  // All outputs of the graph copied from, by their names.
  void add_outputs();

  bool contains(NodeId id) const { return made_.contains(id); }
  // What stands for the node, which was added or set before.
  NodeId at(NodeId id) const { return made_.at(id); }
  std::vector<NodeId> operands_of(NodeId id) const;

 private:
  const Graph& from_;
  GraphEditor& editor_;
  std::map<NodeId, NodeId> made_;
};

// What `outputs` need of a graph, down to `inputs`, which become inputs of the part; `part` names
// it in errors. Errors: kUnsupported where the outputs need another input of the graph as well.
Result<Graph> part_between(const Graph& graph, std::span<const NodeId> inputs,
                           std::span<const NodeId> outputs, std::string_view part);

// The same graph with other outputs, and without what these do not need. The outputs are named like
// their nodes. Errors: kInvalidModel where nothing is left to compute.
Result<Graph> with_outputs(const Graph& graph, std::span<const NodeId> outputs);

}  // namespace tessera
