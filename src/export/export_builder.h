// ExportBuilder: the ONNX protobuf under construction, with unique names and shared initialisers.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tessera/compiler/graph.h"

namespace onnx {
class GraphProto;
class NodeProto;
}  // namespace onnx

namespace tessera::onnx_export {

class ExportBuilder {
 public:
  // `flat`: values are [1, C, W]; else [1, C, H, W].
  ExportBuilder(onnx::GraphProto& proto, bool flat) : proto_(proto), flat_(flat) {}

  bool flat() const { return flat_; }
  std::vector<int64_t> dims(const Shape& shape) const;
  int64_t axis(Axis axis) const;  // ONNX dimension of a graph axis

  // A name not used before: `wanted`, or with a number after it.
  std::string unique(const std::string& wanted);

  // Initialisers, written once: weights of the graph where they share storage and dims, as the
  // graph itself tells what is shared; computed values, which belong to no graph, where dims and
  // bits are equal.
  std::string weights(const std::string& name, const Tensor& tensor, std::vector<int64_t> dims);
  std::string computed(const std::string& name, std::span<const float> values,
                       std::vector<int64_t> dims);
  std::string numbers(const std::string& name, std::span<const int64_t> values,
                      bool scalar = false);
  std::string number(const std::string& name, double value);

  // Appends a node that makes `output`.
  class NodeWriter {
   public:
    explicit NodeWriter(onnx::NodeProto& node) : node_(node) {}
    NodeWriter& integer(const char* name, int64_t value);
    NodeWriter& integers(const char* name, std::span<const int64_t> values);
    NodeWriter& real(const char* name, double value);
    NodeWriter& text(const char* name, const std::string& value);
    NodeWriter& domain(const char* name);

   private:
    onnx::NodeProto& node_;
  };
  NodeWriter node(const std::string& op, const std::vector<std::string>& inputs,
                  const std::string& output);
  // The same with an intermediate output "<name>/<suffix>", whose name it returns.
  std::string step(const std::string& op, const std::vector<std::string>& inputs,
                   const std::string& name, const std::string& suffix);
  // Reduction over dims kept as 1 (axes are an input of ReduceSum, an attribute of the others).
  std::string reduction(const std::string& op, const std::string& input,
                        const std::vector<int64_t>& axes, const std::string& name,
                        const std::string& suffix);

  int64_t weight_bytes() const { return weight_bytes_; }

 private:
  // A weight with its storage, which stays allocated as long as its address is a key.
  struct WrittenWeights {
    Tensor tensor;
    std::string name;
  };

  std::string add_floats(const std::string& name, std::span<const float> values,
                         std::span<const int64_t> dims);

  onnx::GraphProto& proto_;
  bool flat_;
  int64_t weight_bytes_ = 0;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> node_names_;
  std::map<std::pair<const float*, std::vector<int64_t>>, WrittenWeights> shared_weights_;
  std::map<std::pair<std::string, std::vector<int64_t>>, std::string> shared_computed_;  // by bits
  std::map<std::pair<std::vector<int64_t>, bool>, std::string> shared_numbers_;
};

// Appends what computes `node` from the values of its operands into the value `output`.
void export_op(ExportBuilder& builder, const Graph& graph, const Node& node,
               const std::vector<std::string>& inputs, const std::string& output);

}  // namespace tessera::onnx_export
