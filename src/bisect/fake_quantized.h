// A quantised network evaluated in floats, with any part of its quantisation left out: what each
// encoding costs can be measured alone, and together with any others.
//
// With everything in force it computes what the integers mean (tessera/compiler/encodings.h) up to
// the rounding of float sums: values are rounded to their codes and back, convolutions have the
// weights that their integers stand for.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "quantize/roles.h"
#include "tessera/backend.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// One thing that is quantised.
struct QuantizedItem {
  enum class Kind : uint8_t {
    value,    // a node's value, as all its readers get it
    operand,  // a float value as convolutions of the chip read it
    weights,  // of a convolution or Gemm, with its bias
  };
  Kind kind = Kind::value;
  std::string name;  // of the node in the network
  NodeId node = kNoNode;
  ValueEncoding encoding;  // of values and operands
};
std::string_view to_string(QuantizedItem::Kind kind);

class FakeQuantized {
 public:
  using Outputs = std::vector<std::vector<float>>;

  // `backend` computes floats and outlives this object; `graph` and `encodings` need not. Errors:
  // those of check_encodings().
  static Result<FakeQuantized> create(const Graph& graph, const Encodings& encodings,
                                      Backend& backend);

  // In the order of the network.
  const std::vector<QuantizedItem>& items() const { return items_; }

  // The outputs with these items in force, by index, all others in float. `shown` are filled with
  // the values of the nodes they name (as readers get them), where that is wanted.
  Result<Outputs> run(const std::set<size_t>& active, std::span<const ConstValues> inputs,
                      std::map<NodeId, std::vector<float>>* shown = nullptr) const;

  // Items whose numbers contradict each other: a convolution's integers were made for another scale
  // of its operand, or the scale of its accumulators fits neither weights nor bias. Index ->
  // what is wrong, in words.
  const std::map<size_t, std::string>& contradictions() const { return contradictions_; }

 private:
  // The weights of one convolution in all four states.
  struct Weighted {
    NodeId node = kNoNode;
    size_t item = 0;
    size_t operand_item = 0;  // items_.size(): an operand that is not an item
    // [weights in force][operand in force]
    Tensor weight[2][2];
    Tensor bias[2];
  };

  Result<void> add_operand_reads(const Encodings& encodings);
  Result<void> list_items(const Encodings& encodings);
  void weigh(const Encodings& encodings, NodeId node);
  static void fill_weights(Weighted& weighted, const quantization::Matrix& matrix,
                           const IntegerWeights& integers, const ValueEncoding& read,
                           const std::vector<double>& meant);
  size_t operand_item(NodeId operand) const;
  Result<Graph> graph_with(const std::set<size_t>& active) const;

  Graph graph_;
  Backend* backend_ = nullptr;
  std::map<NodeId, NodeId> reads_;  // node made for an operand -> the operand
  std::map<NodeId, ValueEncoding> read_encodings_;
  std::vector<QuantizedItem> items_;
  std::map<NodeId, size_t> value_item_;  // of values and operand reads, by node of graph_
  std::vector<Weighted> weighted_;
  std::map<size_t, std::string> contradictions_;
};

}  // namespace tessera
