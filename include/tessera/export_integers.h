// export_integers: a quantised network (or a piece of one) as an ONNX file in integers, so that any
// ONNX runtime can judge our arithmetic, code by code.
//
// Opset 17. Codes of 8 bits are uint8 tensors, made by QuantizeLinear; convolutions are QLinearConv
// where the result is codes of 8 bits with nothing between, else ConvInteger + bias + Mul.
// Codes of 16 bits, which these ops do not take, are int32 tensors made by Div, Round, Clip and
// Cast, and are convolved as two halves of 8 bits. Activations of codes other than ReLU and PReLU,
// and affines, are tables (Gather). Scale-shifts and wide affines are computed in double, as the
// emulator does.
// Statistics of norms, and curved activations of codes of 16 bits,
// are float ops, rounded by each runtime in its own way: between them, all agree bit for bit.
//
// Inputs and outputs are float32, [1, C, H, W]; encoded ones are quantised, and dequantised.
#pragma once

#include <cstdint>
#include <vector>

#include "tessera/encodings.h"
#include "tessera/graph.h"
#include "tessera/result.h"

namespace tessera {

// Errors: those of check_encodings() and export_onnx().
Result<std::vector<uint8_t>> export_integers(const Graph& graph, const Encodings& encodings);

}  // namespace tessera
