// The imported network, evaluated node by node, its values kept as long as someone waits for them.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// One op on values, on a backend.
Result<std::vector<float>> evaluate_op(const Op& op, std::span<const Shape> shapes,
                                       std::span<const ConstValues> operands, Backend& backend);

class ReferenceEvaluator {
 public:
  // `inputs` follow Graph::inputs(). All arguments outlive this object.
  ReferenceEvaluator(const Graph& graph, Backend& backend, std::span<const ConstValues> inputs);

  // Somebody will ask for this value once more. Before the first value() only.
  void retain(NodeId node);
  // Evaluates as far as needed. Stays valid until release() was called as often as expect().
  Result<ConstValues> value(NodeId node);
  void release(NodeId node);

 private:
  Result<void> evaluate_next();
  void drop_reader(NodeId node);

  const Graph& graph_;
  Backend& backend_;
  std::vector<NodeId> order_;
  size_t next_ = 0;                              // in order_
  std::vector<int64_t> waiting_;                 // by node id: readers and askers to come
  std::map<NodeId, std::vector<float>> values_;  // those that live now
};

}  // namespace tessera
