// OpContext: one ONNX node being read: its inputs, its attributes, and the graph being built. Each
// op family (ops_*.cpp) is a table of functions over it.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/onnx/model_file.h"
#include "model/onnx/value.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace onnx {
class AttributeProto;
class NodeProto;
}  // namespace onnx

namespace tessera::onnx_import {

using Attributes = std::unordered_map<std::string, const onnx::AttributeProto*>;

// What all nodes of one import share.
struct ReadState {
  ModelFile& file;
  GraphEditor& editor;
  int64_t opset = 0;
  int64_t folded_elements = 0;  // of constants computed so far
  int64_t nodes_read = 0;
  std::unordered_map<std::string, int> names;  // graph names handed out
  std::vector<std::string> notes;
};

class OpContext {
 public:
  OpContext(ReadState& state, const onnx::NodeProto& node, Attributes attributes,
            std::vector<Value> inputs);

  const std::string& op_type() const;
  int64_t opset() const { return state_.opset; }
  Graph const& graph() const { return state_.editor.graph(); }
  ReadState& state() { return state_; }

  // Inputs beyond those given and those left empty are absent values.
  const Value& input(size_t i) const;
  size_t input_count() const { return inputs_.size(); }
  size_t output_count() const;
  bool has_input(size_t i) const { return !input(i).absent(); }
  // A tensor or constant; kInvalidModel when missing.
  Result<Value> required(size_t i) const;
  Result<ConstArray> required_constant(size_t i, std::string_view what) const;

  bool has_attribute(const std::string& name) const { return attributes_.contains(name); }
  int64_t integer(const std::string& name, int64_t fallback) const;
  double real(const std::string& name, double fallback) const;
  std::string text(const std::string& name, const std::string& fallback) const;
  std::vector<int64_t> integers(const std::string& name) const;
  const onnx::AttributeProto* attribute(const std::string& name) const;
  static std::vector<double> reals_of(const onnx::AttributeProto& attribute);

  // Integers given as an attribute in older opsets and as a constant input in newer ones.
  Result<std::vector<int64_t>> integers_from(const std::string& attribute, size_t input,
                                             std::string_view what) const;

  // Errors about this node.
  std::string subject() const;
  Error unsupported(std::string message, std::string hint = "") const;
  Error invalid(std::string message, std::string hint = "") const;
  Error located(Error error) const;  // adds the node as subject

  // Counts elements about to be made that the file does not hold; kResourceLimit when a model makes
  // more than it should.
  Result<void> spend(int64_t elements) const;
  // Counts what folding made; kResourceLimit when a model folds more than it should.
  Result<Value> folded(Result<ConstArray> array);

  // ---- graph building ----
  const Shape& shape(NodeId node) const { return graph().node(node).shape; }
  Result<NodeId> add(Op op, std::vector<NodeId> inputs);
  // Same view as `like`.
  Result<Value> elementwise(Op op, const Value& like);

  // Non-negative axis; kInvalidModel when outside `rank`.
  Result<size_t> axis(int64_t axis, size_t rank) const;

 private:
  ReadState& state_;
  const onnx::NodeProto& node_;
  Attributes attributes_;
  std::vector<Value> inputs_;
};

using Values = std::vector<Value>;
using OpReader = Result<Values> (*)(OpContext&);
struct OpEntry {
  std::string_view name;
  OpReader read;
  std::string_view condition = {};  // what of it is read, for docs/onnx.md; empty: all of it
};

// One table per family.
std::span<const OpEntry> constant_ops();
std::span<const OpEntry> layout_ops();
std::span<const OpEntry> indexing_ops();
std::span<const OpEntry> arithmetic_ops();
std::span<const OpEntry> unary_ops();
std::span<const OpEntry> comparison_ops();
std::span<const OpEntry> conv_ops();
std::span<const OpEntry> linear_ops();
std::span<const OpEntry> norm_ops();
std::span<const OpEntry> reduce_ops();
std::span<const OpEntry> pool_ops();
std::span<const OpEntry> scatter_ops();
std::span<const OpEntry> einsum_ops();
std::span<const OpEntry> resize_ops();
std::span<const OpEntry> quantised_ops();

}  // namespace tessera::onnx_import
