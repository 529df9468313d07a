// The ONNX document around a graph: what every exported file has alike.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace onnx {
class ModelProto;
class ValueInfoProto;
}  // namespace onnx

namespace tessera::onnx_export {

// Version of the format and of the operators (opset 17), producer, name of the graph.
void begin_document(onnx::ModelProto& model, const std::string& graph_name);

// A float32 value of these dims.
void describe(onnx::ValueInfoProto& info, const std::string& name, std::span<const int64_t> dims);

// The file, after ONNX's own checker has passed it. The same model gives the same bytes. Errors:
// those of check_model().
Result<std::vector<uint8_t>> checked_bytes(const onnx::ModelProto& model);

}  // namespace tessera::onnx_export
