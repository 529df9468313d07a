// The algebra behind recognise_norm: what a node computes, written as a polynomial in the symbols
// of a norm over x.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <vector>

#include "tessera/compiler/graph.h"

namespace tessera {

// x itself; m = mean of x; p = mean of x squared; r = 1/sqrt(p - m^2 + eps); n = frames so far (1,
// 2, 3, ... along time), for cumulative statistics.
enum Symbol : uint8_t { kX, kMean, kSquare, kInverse, kFrames, kSymbols };
using Monomial = std::array<int8_t, kSymbols>;  // exponents

// Coefficient per channel; one number stands for all channels.
using Polynomial = std::map<Monomial, std::vector<double>>;

// Polynomials of the nodes that follow from x, for one kind of norm.
class NormAlgebra {
 public:
  NormAlgebra(const Graph& graph, NodeId x, NormKind kind);

  // Learns a node whose operands are known; false when the algebra cannot say what it computes.
  bool learn(NodeId id);
  bool knows(NodeId id) const { return values_.contains(id); }

  // gamma*(x - m)*r + beta, when the node is exactly that.
  std::optional<Norm> as_norm(NodeId id) const;

 private:
  std::optional<Polynomial> evaluate(const Node& node);
  std::optional<Polynomial> expectation(const Node& node, ReduceKind kind);
  std::optional<Polynomial> running_sum(const Node& node);
  std::optional<Polynomial> square_root(const Polynomial& p);
  std::optional<Polynomial> value_of(NodeId id) const;
  std::optional<Polynomial> constant(const Tensor& value) const;
  bool runs_over_set(const Reduce& op) const;

  const Graph& graph_;
  Shape shape_;
  NormKind kind_;
  std::optional<double> eps_;
  std::map<NodeId, Polynomial> values_;
};

}  // namespace tessera
