// What the model optimiser says: calibration, quantisation, model scripts.
#include "vendor/hailo/log/recogniser.h"

namespace tessera::hailo {
namespace optimizer_rows {

constexpr auto kOptimize = LogStage::optimize;
constexpr auto kFails = Effect::fails;
constexpr auto kFact = Effect::fact;

constexpr Recogniser kRows[] = {
    {"Starting Model Optimization", kFact, {}, 0, kOptimize},
    {"Model Optimization is done", Effect::succeeds, {}, 0, kOptimize},
    {"activation fitting started for", kFact, {}, 0, kOptimize},
    {"No GPU chosen and no suitable GPU found", kFact, {}, 0, LogStage::none},
    {"Reducing optimization level to {num:optimization_level}", kFact, {}, 0, kOptimize},
    {"Using default optimization level of {num:optimization_level}", kFact, {}, 0, kOptimize},
    {"Using dataset with {num:calibration_entries} entries for calibration",
     kFact,
     {},
     0,
     kOptimize},
    {"Using dataset with {num:finetune_entries} entries for finetune", kFact, {}, 0, kOptimize},
    {"Reducing output bits of {word:reduced_layer} by {num:reduced_bits} bits",
     kFact,
     {},
     0,
     kOptimize},
    {"/hailo_model_optimization/", kFact, {}, 0, kOptimize},
    {"ClientRunner.optimize() ", kFact, {}, 0, kOptimize, {}, "ClientRunner"},
    {"ClientRunner.", kFact, {}, 0, LogStage::none, {}, "ClientRunner"},

    {"Data shape {shape:data_shape} for layer {layer} doesn't match network's input shape "
     "{shape:input_shape}",
     kFails, "bad_inputs_shape", rank::kExact, kOptimize, "BadInputsShape"},
    {"Data shape {shape:data_shape} doesn't match network's input shape {shape:input_shape}",
     kFails, "bad_inputs_shape", rank::kExact, kOptimize, "BadInputsShape"},
    {"doesn't match network's input shape", kFails, "bad_inputs_shape", rank::kLayer, kOptimize},
    {"doesn't match the network's input shape", kFails, "bad_inputs_shape", rank::kLayer,
     kOptimize},

    {"Quantization failed in layer {layer} due to unsupported required slope", kFails,
     "quantization_negative_exponent", rank::kExact, kOptimize, "NegativeSlopeExponentNonFixable"},
    {"Desired shift is {num:desired_shift}, but op has only {num:data_bits} data bits", kFails,
     "quantization_negative_exponent", rank::kExact, kOptimize, "NegativeSlopeExponentNonFixable"},
    {"Shift delta in {*} in layer {layer}", kFails, "quantization_negative_exponent", rank::kExact,
     kOptimize, "AccelerasNumerizationError"},
    {"Shift delta in ", kFails, "quantization_negative_exponent", rank::kExact, kOptimize},
    {"unsupported required slope", kFails, "quantization_negative_exponent", rank::kExact,
     kOptimize},

    {"Unsupported layers for the target {word}: {layer}:", kFails, "unsupported_precision",
     rank::kExact, kOptimize},
    {"Unsupported layers for the provided optimization target", kFails, "unsupported_precision",
     rank::kExact, kOptimize},
    {"Unsupported bias mode", kFails, "unsupported_precision", rank::kExact, kOptimize},
    {"Unsupported precision mode", kFails, "unsupported_precision", rank::kExact, kOptimize},
    {"precision mode {*} is not supported", kFails, "unsupported_precision", rank::kExact,
     kOptimize},
    {"precision_mode {*} not supported", kFails, "unsupported_precision", rank::kExact, kOptimize},

    {"GPU memory has been exhausted", kFails, "out_of_memory", rank::kExact, kOptimize},
    {"OOM when allocating tensor", kFails, "out_of_memory", rank::kExact},
    {"CUDA_ERROR_OUT_OF_MEMORY", kFails, "out_of_memory", rank::kExact},
    {"CUDA out of memory", kFails, "out_of_memory", rank::kExact},
    {"CUDA error: out of memory", kFails, "out_of_memory", rank::kExact},
    {"Resource exhausted: ", kFails, "out_of_memory", rank::kExact},
    {"Out of memory: Killed process", kFails, "out_of_memory", rank::kExact},
    {"oom-kill", kFails, "out_of_memory", rank::kExact},
    {"Cannot allocate memory", kFails, "out_of_memory", rank::kExact},
    {"std::bad_alloc", kFails, "out_of_memory", rank::kExact},

    {"is not a valid MOConfigCommand", kFails, "model_script", rank::kExact, kOptimize},
    {"Model script parsing failed", kFails, "model_script", rank::kExact, kOptimize},
    {"Cannot infer bbox conv layers automatically", kFails, "model_script", rank::kExact,
     kOptimize},
    {"Post-process config file isn't found", kFails, "model_script", rank::kExact, kOptimize},
    {"Error in the last layers of the model, expected conv but found", kFails, "model_script",
     rank::kExact, kOptimize},
    {"The layer {layer} doesn't have one output layer", kFails, "model_script", rank::kExact,
     kOptimize},
    {"Model Script Not Found", kFails, "model_script", rank::kExact, kOptimize},
    {"Failed to parse model script", kFails, "model_script", rank::kExact},
    {"Invalid command in model script", kFails, "model_script", rank::kExact},
    {"buffers key {layer} doesn't exist", kFails, "model_script", rank::kExact, LogStage::compile},
    {"Performance Flow requires automatic resource utilization", kFails, "model_script",
     rank::kExact, LogStage::compile},
    {"is not supported for multi context", kFact},
};

}  // namespace optimizer_rows

std::span<const Recogniser> optimizer_recognisers() {
  return optimizer_rows::kRows;
}

}  // namespace tessera::hailo
