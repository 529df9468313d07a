// The ONNX forms a quantised network is written in. include/tessera/compiler/export.h tells them
// apart.
#pragma once

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"

namespace onnx {
class GraphProto;
}

namespace tessera {

// Both expect encodings that check_encodings() accepts for this graph, and an empty `proto`.
void write_qlinear(const Graph& graph, const Encodings& encodings, onnx::GraphProto& proto);
// Nodes of codes of 16 bits belong to the domain kWideDomain, which the document must import.
void write_qdq(const Graph& graph, const Encodings& encodings, onnx::GraphProto& proto);

// ONNX Runtime's QuantizeLinear and DequantizeLinear of 16 bits, which opset 17 lacks.
inline constexpr const char* kWideDomain = "com.microsoft";

}  // namespace tessera
