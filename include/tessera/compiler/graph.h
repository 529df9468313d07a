// Graph: a network as a directed acyclic graph of ops with one result each. GraphEditor is the only
// way to change it.
//
// Conventions every importer ends in, so that the same network from any file is the same graph:
//
//  - All shapes are concrete. A graph is built for one input length; for another length there is
//    another graph that shares its weights.
//  - Zero padding of a convolution lives in Conv::padding. Other paddings are a Pad before it. A
//    causal convolution is a Conv padded on the left only ("pad both sides, chop the end" gives
//    the same values and is written that way).
//  - A skip sum starts with the first skip value: there is no Add with zero.
//  - Masks: one conv gives sources*N channels, its activation follows; then each source is
//    Slice(c) -> Mul(with the encoder's output) -> ConvTranspose; Concat(c) joins the sources, and
//    one Pad or Slice along w after it fits the length. With one source there is neither Slice nor
//    Concat. Sharing decoder weights is sharing the Tensor.
//
//  - Outputs are [sources, 1, T] for separators.
//  - Add and Mul put the operand of smaller depth (longest path from an input) first; equal depths
//    keep their order.
//  - Nodes that no output needs are not in an imported graph; the importer notes what it left out.
//  - canonical_order() (graph/canonical.h) applies the last two and numbers nodes in depth-first
//    order from the outputs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tessera/compiler/op.h"
#include "tessera/result.h"

namespace tessera {

// Index of a node in its graph; stays valid until the node is removed.
enum class NodeId : int32_t {};
inline constexpr NodeId kNoNode{-1};
constexpr int32_t index_of(NodeId id) {
  return static_cast<int32_t>(id);
}

// What a graph may contain at each stage; validate() holds the table.
enum class GraphForm : uint8_t {
  importing,  // anything the op set can say, including reductions and cumulative sums of
              // unrecognised norms
  imported,   // recognised: the network as its author wrote it
  rewriting,  // between the two: what was imported and what rules make of it
  legal,      // no norm is left: statistics, per-channel affines and convolutions instead
};
std::string_view to_string(GraphForm form);

enum class DerivedKind : uint8_t {
  value,       // the value
  taps,        // of a transposed convolution: each frame times every tap, before they overlap
  statistics,  // scale and shift that stand for a norm of the sequence
  joined,      // several values, one after the other along C
};
std::string_view to_string(DerivedKind kind);

// What a node that a rule made computes of values which the network had before. Names of values are
// kept by all rules: a node of which nothing is said here computes the value of its own name.
struct DerivedFrom {
  DerivedKind kind = DerivedKind::value;
  std::vector<std::string> values = {};       // by name; empty: the node's own
  std::optional<int64_t> first_channel = {};  // only channels from here on, as many as the node has
  bool partial_sum = false;                   // not all products are in

  friend bool operator==(const DerivedFrom&, const DerivedFrom&) = default;
};

// Where a node came from: the name in the source file, the rule that made it ("import" for a
// reader), and what it is of the network's values.
struct Origin {
  std::string source;
  std::string rule;
  DerivedFrom derived = {};
};

struct Node {
  NodeId id = kNoNode;
  std::string name;  // unique in the graph
  Op op;
  std::vector<NodeId> inputs;
  Shape shape;
  Origin origin;
  bool removed = false;
};

struct GraphOutput {
  std::string name;
  NodeId node = kNoNode;
};

// A change of basis that a rule made of values: here they are `matrix` times what they are in the
// network as its author wrote it, channels by channels.
struct ChangedBasis {
  Tensor matrix;                    // [channels, channels]
  std::vector<std::string> values;  // by name; they need not be nodes of this graph
};

class Graph {
 public:
  const Node& node(NodeId id) const;
  // kNoNode when there is no live node of that name.
  NodeId find(const std::string& name) const;
  template <typename T>
  const T* get_if(NodeId id) const {
    return std::get_if<T>(&node(id).op);
  }

  // Nodes ever made, removed ones included: NodeId is below this.
  int32_t id_limit() const { return static_cast<int32_t>(nodes_.size()); }
  // Live nodes, operands before their users; ties in order of creation.
  std::vector<NodeId> order() const;
  // Readers of a node's value; one that reads it twice appears twice. Graph outputs are not
  // readers.
  std::span<const NodeId> users(NodeId id) const;
  bool is_output(NodeId id) const;

  std::span<const NodeId> inputs() const { return inputs_; }
  std::span<const GraphOutput> outputs() const { return outputs_; }
  GraphForm form() const { return form_; }
  std::span<const ChangedBasis> changed_bases() const { return changed_bases_; }
  // Of the value of that name; null where it is as its author wrote it.
  const Tensor* basis_of(std::string_view value) const;
  // Operand shapes of a node, in order.
  std::vector<Shape> operand_shapes(NodeId id) const;

 private:
  friend class GraphEditor;
  std::vector<Node> nodes_;
  std::vector<std::vector<NodeId>> users_;
  std::vector<NodeId> inputs_;
  std::vector<GraphOutput> outputs_;
  std::unordered_map<std::string, NodeId> names_;
  std::vector<ChangedBasis> changed_bases_;
  GraphForm form_ = GraphForm::importing;
};

// Changes a graph and records in each node it makes which rule made it. Keeps shapes and users
// consistent; refuses (kInvalidModel, subject = node name) what would not infer. Never makes a
// cycle.
class GraphEditor {
 public:
  // `rule` is recorded in the nodes made: a rule's name, or "import".
  GraphEditor(Graph& graph, std::string rule);

  const Graph& graph() const { return graph_; }

  // Appends a node. An empty name becomes "<op>_<id>"; a taken one gets a suffix. `source` names
  // the origin.
  Result<NodeId> add(Op op, std::vector<NodeId> inputs, std::string name = "",
                     std::string source = "");

  // Gives a node another op and operands; its id, name and users stay. The new shape must equal the
  // old one.
  Result<void> replace(NodeId id, Op op, std::vector<NodeId> inputs);

  // Every reader of `from` (graph outputs included, `except` excluded) reads `to` instead; the
  // shapes must be equal.
  Result<void> redirect(NodeId from, NodeId to, NodeId except = kNoNode);

  // Says what a node computes of values that the network had before.
  void derive(NodeId id, DerivedFrom derived);

  void rename(NodeId id, std::string name);
  void add_output(std::string name, NodeId node);
  void clear_outputs();

  // Says what the caller has done to these values. Errors: kInvalidModel for a matrix that is not
  // square, and for a value whose basis was changed before.
  Result<void> record_basis(ChangedBasis basis);

  // Removes every node that no output needs, inputs excepted; returns their names.
  std::vector<std::string> remove_dead();

  // Moves the graph to a stage if validate() holds for it.
  Result<void> enter(GraphForm form);

  // Number of changes made through this editor.
  int64_t edits() const { return edits_; }

 private:
  void add_user(NodeId of, NodeId user);
  void drop_user(NodeId of, NodeId user);
  bool depends_on(NodeId node, NodeId on) const;
  std::string unique_name(std::string wanted) const;

  Graph& graph_;
  std::string rule_;
  int64_t edits_ = 0;
};

// Structure, shapes, weight dimensions, unique names, and the ops permitted at `stage`. Returns the
// first violation.
Result<void> validate(const Graph& graph, GraphForm form);

// The text form of a graph: readable, diffable, and exact. docs/graph_text.md describes the format.

struct GraphTextOptions {
  bool weights = true;  // false: for reading only, names and dimensions stay but not the values
};

// One line per node in Graph::order(), then the weights. The same graph gives the same bytes.
std::string print_graph(const Graph& graph, const GraphTextOptions& options = {});

// What a text may ask for; guards against small files that expand.
struct GraphTextLimits {
  int64_t nodes = 1'000'000;
  int64_t weight_values = int64_t{1} << 28;  // of all weights together: 1 GiB
};

// The graph that print_graph() was given: same nodes, names, origins, stage and outputs, weights
// equal bit for bit and shared where they were shared. Ids become positions in the text. For
// untrusted text. Errors, with "subject:line:column" as their subject: kCorrupt for what breaks the
// format; kUnsupported for another version; kInvalidModel for a graph that does not infer;
// kResourceLimit.
Result<Graph> parse_graph(std::string_view text, std::string_view subject = "graph text",
                          const GraphTextLimits& limits = {});

// How the tensors of a model file lie over the graph's [C, H, W]: a file's own dimensions are
// products of factors of those axes, so that arrays in the file's layout can be fed and returned.

// One factor of a file dimension: `size` steps of `stride` elements along one axis of the graph
// value.
struct IoFactor {
  Axis axis = Axis::w;
  int64_t size = 1;
  int64_t stride = 1;
  friend bool operator==(const IoFactor&, const IoFactor&) = default;
};

// An input or output as the file declares it. dims[i] is a product of factors, major to minor; a
// dimension of size 1 has none. [1, 2, T] of a separator is {}, {c}, {w}.
struct IoLayout {
  std::string name;
  Shape shape;  // of the graph value
  std::vector<std::vector<IoFactor>> dims;

  std::vector<int64_t> sizes() const;  // the file's dimensions
  std::string to_string() const;       // "[1, time, channels]"
};

// Copies between the file's layout and [C, H, W] row-major. Errors: kInvalidArgument when a span
// does not hold exactly shape.size() values.
Result<void> to_graph_layout(const IoLayout& layout, std::span<const float> file,
                             std::span<float> graph);
Result<void> to_file_layout(const IoLayout& layout, std::span<const float> graph,
                            std::span<float> file);

// [1, C, W] with H = 1, or [1, C, H, W]: how a value without a file of its own is laid out.
IoLayout plain_layout(std::string name, const Shape& shape);

}  // namespace tessera
