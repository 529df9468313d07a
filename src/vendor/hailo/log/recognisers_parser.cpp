// What the parser says: ONNX or TensorFlow to HAR.
#include "vendor/hailo/log/recogniser.h"

namespace tessera::hailo {
namespace parser_rows {

constexpr auto kParse = LogStage::parse;
constexpr auto kFails = Effect::fails;

constexpr Recogniser kRows[] = {
    {"Translation started on {word} model", Effect::fact, {}, 0, kParse},
    {"Translation completed on {word} model", Effect::succeeds, {}, 0, kParse},
    {"End nodes mapped from original model: {nodes:mapped_end}", Effect::fact, {}, 0, kParse},
    {"Attempting to retry parsing on a simplified model", Effect::fact, {}, 0, kParse},
    {"_parse_onnx_model_to_hn", Effect::fact, {}, 0, kParse, {}, "ClientRunner"},
    {"_parse_model_to_hn", Effect::fact, {}, 0, kParse, {}, "ClientRunner"},

    {"with recommendations for end node names: {nodes:end}", kFails, "parser_recommendation",
     rank::kLayer, kParse},
    {"with recommendations for start node names: {nodes:start}", kFails, "parser_recommendation",
     rank::kLayer, kParse},
    {"using these end node names: {nodes:end}", kFails, "parser_recommendation", rank::kTold,
     kParse},
    {"using these start node names: {nodes:start}", kFails, "parser_recommendation", rank::kTold,
     kParse},
    {"these end node names should be used: {nodes:end}", Effect::fact},
    {"these start node names should be used: {nodes:start}", Effect::fact},
    {"retrying parsing with end node names: {nodes:end}", Effect::begins, {}, 0, kParse},
    {"retrying parsing with start node names: {nodes:start}", Effect::begins, {}, 0, kParse},
    {"Would you like to parse again with the recommendation", kFails, "parser_recommendation",
     rank::kTold, kParse},

    {"LayerError in op {node}: ", kFails, "parser_unsupported", rank::kExact, kParse},
    {"LayerError in op {node}:", kFails, "parser_unsupported", rank::kExact, kParse},
    {"OperationError in op {node}:", kFails, "parser_unsupported", rank::kExact, kParse},
    {"ModelError in op {node}:", kFails, "parser_unsupported", rank::kExact, kParse},
    {"NodeError in op {node}:", kFails, "parser_unsupported", rank::kExact, kParse},
    {"LayersOrderError in op {node}:", kFails, "parser_unsupported", rank::kExact, kParse},
    {"DimsError in op {node}:", kFails, "unsupported_dimensions", rank::kExact, kParse},
    {"PaddingError in op {node}:", kFails, "parser_unsupported", rank::kExact, kParse},
    {"ActivationError in op {node}:", kFails, "parser_unsupported", rank::kExact, kParse},
    {"Conv3DError in op {node}:", kFails, "unsupported_dimensions", rank::kExact, kParse},
    {"Exception in op {node}:", kFails, "parser_unsupported", rank::kLayer, kParse},
    {"The errors found in the graph are", kFails, "parser_unsupported", rank::kTold, kParse},
    {"operation is unsupported", kFails, "parser_unsupported", rank::kTold, kParse},
    {"Failed to determine type of layer to create in node {node}", kFails, "parser_unsupported",
     rank::kExact, kParse},
    {"layer at vertex {node}. ", kFails, "parser_unsupported", rank::kExact, kParse},
    {"Unexpected node {node} (", kFails, "parser_unsupported", rank::kExact, kParse},
    {"Unexpected node at {node}", kFails, "parser_unsupported", rank::kExact, kParse},
    {"layer {node} (translated from {*}) expects", kFails, "parser_unsupported", rank::kExact,
     kParse},
    {"dynamic shape{*} not supported", kFails, "parser_unsupported", rank::kExact, kParse},
    {"Dynamic shapes are not supported", kFails, "parser_unsupported", rank::kExact, kParse},
    {"Unsupported dynamic shape", kFails, "parser_unsupported", rank::kExact, kParse},
    {"Can't find index", kFails, "parser_unsupported", rank::kTold, kParse},
    {"successor name is missing", kFails, "parser_unsupported", rank::kExact, kParse},
    {"one output isn't supported", kFails, "parser_unsupported", rank::kExact, kParse},
    {"feature splitter {*}one output", kFails, "parser_unsupported", rank::kExact, kParse},
    {"Invalid kernel shape for {*} layer {node} (translated", kFails, "parser_unsupported",
     rank::kExact, kParse},
    {"Invalid kernel shape", kFails, "parser_unsupported", rank::kLayer, kParse},
    {"is not broadcastable to", kFails, "parser_unsupported", rank::kTold, kParse},

    {"1D form is not supported in layer {node} of type", kFails, "unsupported_dimensions",
     rank::kExact, kParse},
    {"3D form is not supported in layer {node} of type", kFails, "unsupported_dimensions",
     rank::kExact, kParse},
    {"Unsupported dimensions{*} layer {node}", kFails, "unsupported_dimensions", rank::kExact,
     kParse},
    {"Unsupported dimensions", kFails, "unsupported_dimensions", rank::kExact, kParse},

    {"Super deconv is not supported with groups", kFails, "unsupported_grouped_deconv",
     rank::kExact},
    {"Deconv{*} with groups is not supported", kFails, "unsupported_grouped_deconv", rank::kExact},
    {"grouped deconv{*} not supported", kFails, "unsupported_grouped_deconv", rank::kExact},

    {"Unexpected input_shapes at {*} layer {node} (translated", kFails, "unsupported_dimensions",
     rank::kExact, kParse},
    {"Unexpected input_shapes", kFails, "unsupported_dimensions", rank::kExact, kParse},
    {"ir_version {num} is higher than the checker's", kFails, "har_build", rank::kExact, kParse},
    {"Unsupported model IR version", kFails, "har_build", rank::kExact, kParse},
    {"Error parsing message with type 'onnx.ModelProto'", kFails, "har_build", rank::kExact,
     kParse},
    {"[ONNXRuntimeError]", kFails, "har_build", rank::kTold, kParse},
    {"Translation failed with error", kFails, "har_build", rank::kTotal, kParse},
    {"Failed to build HAR", kFails, "har_build", rank::kTotal, kParse},
    {"HAR build failed", kFails, "har_build", rank::kTotal, kParse},
};

}  // namespace parser_rows

std::span<const Recogniser> parser_recognisers() {
  return parser_rows::kRows;
}

}  // namespace tessera::hailo
