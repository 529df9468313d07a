// A quantised network as a TensorFlow Lite file: integer operators where values have codes, float
// ones between DEQUANTIZE and QUANTIZE elsewhere.
#pragma once

#include <map>
#include <optional>

#include "export/tflite/emitter.h"
#include "kernels/ref/coding.h"
#include "kernels/ref/tflite/form.h"
#include "tessera/compiler/encodings.h"

namespace tessera::tflite {

class IntegerExport {
 public:
  IntegerExport(const Graph& graph, const Encodings& encodings)
      : graph_(graph), encodings_(encodings) {}

  // Errors: kUnsupported naming a node: zero points per channel of a value that is quantised or
  // dequantised in the file, and what write_float_op() refuses.
  Result<std::vector<uint8_t>> run(const std::map<std::string, std::string>& metadata);

 private:
  // A value of the graph in the file.
  struct Value {
    std::optional<integer::Coding> coding;
    std::optional<TensorId> codes;
    std::optional<TensorId> floats;
  };

  Value& value(NodeId id) { return values_[static_cast<size_t>(index_of(id))]; }
  Result<void> write(const Node& node);
  Result<TensorId> write_codes(const Node& node, integer::tflite::Form form);
  Result<void> write_float(const Node& node);
  void write_output(const GraphOutput& output, TensorId id);

  // The operand in the codes that an operator reads.
  Result<TensorId> operand(Emitter& out, NodeId id, const integer::Coding& coding,
                           const std::string& suffix);
  Result<TensorId> codes_of(NodeId id);
  Result<TensorId> floats_of(NodeId id);
  Result<TensorId> quantized(Emitter& out, TensorId floats, const integer::Coding& coding,
                             const std::string& suffix);

  struct Written {
    TensorId id;
    integer::Coding coding;
  };
  Result<Written> convolution(const Node& node, const Node& result);
  Result<Written> affine(const Node& node);
  Written convolve(Emitter& out, const Conv& op, const Shape& x_shape, TensorId x,
                   const integer::Coding& x_coding, const IntegerWeights& weights,
                   const integer::Coding& result, bool relu, const std::string& suffix);
  Result<Written> other_codes(const Node& node, integer::tflite::Form form);

  const Graph& graph_;
  const Encodings& encodings_;
  FileBuilder file_;
  std::vector<Value> values_;
};

}  // namespace tessera::tflite
