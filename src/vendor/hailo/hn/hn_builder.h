// Builds the graph of an HN layer by layer; hn_graph.cpp drives it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tessera/compiler/graph.h"
#include "vendor/hailo/hn/hn_graph.h"

namespace tessera {

// The value of a layer in the graph. Where an interleaving concat made it, the HN's channel g*n + j
// is the graph's j*(C/n) + g, with n parts: per-channel operations and grouped reductions can say
// that.
struct HnValue {
  NodeId node = kNoNode;
  int64_t parts = 1;
};

class HnBuilder {
 public:
  // Without weights, every one is zeros of the right dimensions: for outlines only.
  explicit HnBuilder(const HnWeights* weights) : weights_(weights), editor_(graph_, "import") {}

  // Adds a layer whose operands were added before. What cannot be said in the ops of this program
  // is noted and stands in the graph as an input of the stated shape. Errors: of the weights.
  Result<void> add(const HnLayer& layer);

  std::vector<HnOutlined>& outlined() { return outlined_; }
  std::vector<HnRefusal>& refused() { return refused_; }
  Result<HnGraph> finish();

 private:
  using Operands = std::vector<HnValue>;

  Result<HnValue> convert(const HnLayer& layer, const Operands& operands);
  Result<HnValue> convert_arithmetic(const HnLayer& layer, const Operands& operands);
  Result<HnValue> convert_movement(const HnLayer& layer, const Operands& operands);

  Result<HnValue> constant(const HnLayer& layer);
  Result<HnValue> convolution(const HnLayer& layer, const Operands& operands);
  Result<HnValue> depthwise(const HnLayer& layer, const Operands& operands);
  Result<HnValue> transposed(const HnLayer& layer, const Operands& operands);
  Result<HnValue> dense(const HnLayer& layer, const Operands& operands);
  Result<HnValue> pool(const HnLayer& layer, const Operands& operands);
  Result<HnValue> affine(const HnLayer& layer, const Operands& operands);
  Result<HnValue> elementwise(const HnLayer& layer, const Operands& operands);
  Result<HnValue> concat(const HnLayer& layer, const Operands& operands);
  Result<HnValue> reduce(const HnLayer& layer, const Operands& operands);
  Result<HnValue> reduce_groups(const HnLayer& layer, const HnValue& operand);
  Result<HnValue> resize(const HnLayer& layer, const Operands& operands);
  Result<HnValue> slice(const HnLayer& layer, const Operands& operands);
  Result<HnValue> split(const HnLayer& layer, const Operands& operands);

  // The fused addition and the activation that a layer ends in.
  Result<HnValue> finish_layer(const HnLayer& layer, const Operands& operands, NodeId node);
  Result<NodeId> activate(const HnLayer& layer, NodeId node);

  Result<NodeId> node(const HnLayer& layer, Op op, std::vector<NodeId> inputs);
  // An array of the layer with these dimensions, in the HN's layout; zeros without weights.
  Result<Tensor> weight(const HnLayer& layer, const std::string& parameter,
                        std::vector<int64_t> dims);
  // [C], of as many values; empty where the file has none.
  Result<Tensor> bias(const HnLayer& layer, int64_t channels);
  // The same value everywhere, and a weight with its axes in another order. Errors: kResourceLimit.
  Result<Tensor> filled(std::vector<int64_t> dims, float value);
  Tensor arranged(const Tensor& weight, const std::vector<size_t>& order);
  Tensor deinterleaved(const Tensor& values, int64_t parts) const;
  const Shape& shape_of(const HnValue& value) const { return graph_.node(value.node).shape; }

  Result<Operands> operands_of(const HnLayer& layer) const;
  Result<void> check_shape(const HnLayer& layer, const HnValue& value) const;
  Result<void> refuse(const HnLayer& layer, const Error& error);

  const HnWeights* weights_;
  Graph graph_;
  GraphEditor editor_;
  std::unordered_map<std::string, HnValue> values_;
  std::map<std::pair<std::string, std::string>, NodeId> split_values_;  // by splitter and reader
  std::map<std::vector<int64_t>, Tensor> zeros_;
  int64_t filled_values_ = 0;
  std::vector<HnOutlined> outlined_;
  std::vector<HnRefusal> refused_;
  std::vector<std::pair<std::string, NodeId>> outputs_;
};

}  // namespace tessera
