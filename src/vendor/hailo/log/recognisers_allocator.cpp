// What the compiler says: contexts, placement of layers, kernels, the HEF.
#include "vendor/hailo/log/recogniser.h"

namespace tessera::hailo {
namespace allocator_rows {

constexpr auto kCompile = LogStage::compile;
constexpr auto kFails = Effect::fails;
constexpr auto kFact = Effect::fact;
constexpr std::string_view kAllocator = "BackendAllocatorException";

constexpr Recogniser kRows[] = {
    {"Starting Hailo allocation and compilation flow", kFact, {}, 0, kCompile},
    {"Trying to compile the network in a single context", kFact, {}, 0, kCompile},
    {"Using Multi-context flow", kFact, {}, 0, kCompile},
    {"Finding the best partition to contexts", kFact, {}, 0, kCompile},
    {"Building HEF", kFact, {}, 0, kCompile},
    {"Compiling kernels of", kFact, {}, 0, kCompile},
    {"Successful Compilation", Effect::succeeds, {}, 0, kCompile},
    {"Builder successful", Effect::succeeds, {}, 0, kCompile},
    {"HEF file written to {word:hef_path}", Effect::succeeds, {}, 0, kCompile},
    {"Saved HEF to: {word:hef_path}", Effect::succeeds, {}, 0, kCompile},
    {"Successful Compilation (compilation time: {time:compilation_time_s})",
     kFact,
     {},
     0,
     kCompile},
    {"Successful Compilation (duration: {time:compilation_time_s})", kFact, {}, 0, kCompile},
    {"Successful Kernel Compilation (duration: {time:kernel_compilation_time_s})",
     kFact,
     {},
     0,
     kCompile},
    {"Successful Partition and Allocation (duration: {time:allocation_time_s})",
     kFact,
     {},
     0,
     kCompile},
    {"allocation time: {time:allocation_time_s})", kFact, {}, 0, kCompile},
    {"max_control_utilization={pct:max_control_utilization}", kFact, {}, 0, kCompile},
    {"Partitioner finished after {num:iterations} iterations, Time it took: "
     "{time:partition_time_s}",
     kFact,
     {},
     0,
     kCompile},
    {"Partition iteration #{num:partition_iteration}", kFact, {}, 0, kCompile},
    {"Found valid partition to {num:contexts} contexts", kFact, {}, 0, kCompile},
    {"Applying selected partition to {num:contexts} contexts", kFact, {}, 0, kCompile},
    {"Final resources: SCs: {num:sc}/{num:sc}, {*}APUs: {num:apu}/{num:apu}, IAs: "
     "{num:ia}/{num:ia}, "
     "L3 weights: {num:l3_weights}/{num:l3_weights}, L3 ios: {num:l3_ios}/{num:l3_ios}, LCUs: "
     "{num:final_lcu}/{num:final_lcu}",
     kFact},
    {"TOTAL: LCUs: {num:lcu} {*} Subclusters: {num:subclusters} {*} Weight memory cuts: "
     "{num:weight_cuts} {*} L3 Output memory cuts: {num:output_cuts} {*} L3 Input memory cuts: "
     "{num:input_cuts} ",
     kFact},
    {"Model uses too many resources: {num:lcu} Layer-Controllers max ({num:lcu})", kFact},
    {"Resources presolve failed: lcus=({num:lcu}/{num:lcu})", kFact},

    {"Compiling kernels of {*}_context_{num:context_index}", kFact, {}, 0, kCompile},
    {"_context_{num:context_index} utilization", kFact, {}, 0, kCompile},
    {"Using Single-context flow", kFact, {}, 0, kCompile, {}, {}, {}, {}, "contexts=1"},
    {"Model fits in single context", kFact, {}, 0, kCompile, {}, {}, {}, {}, "contexts=1"},

    // What a search reports on its way.
    {"No successful assignment for", Effect::harmless, {}, rank::kKernel},
    {"Iteration failed on", Effect::harmless, {}, rank::kInterrupted},
    {"Partition failed on", Effect::harmless, {}, rank::kInterrupted},
    {"Single context flow failed", Effect::harmless, {}, rank::kInterrupted},
    {"Validator failed on node", Effect::harmless, {}, rank::kKernel},
    {"Higher utilization solution failed", Effect::harmless, {}, rank::kInterrupted},
    {"Error has occured during the layer latency calculation",
     Effect::harmless,
     {},
     rank::kInterrupted},

    {"No successful assignments: {layers} errors:",
     kFails,
     "allocator_infeasible",
     rank::kLayer,
     kCompile,
     kAllocator,
     {},
     {},
     "error"},
    {"No successful assignments: {layers} errors:", kFails, "allocator_infeasible", rank::kLayer,
     kCompile},
    {"No successful assignments: {layers}", kFails, "allocator_infeasible", rank::kLayer, kCompile},
    {"No successful assignment for: {layers}", kFails, "allocator_infeasible", rank::kLayer,
     kCompile},
    {"No successful assignment for {layer}, most common errors: Agent infeasible", Effect::suspects,
     "allocator_infeasible", rank::kLayer, kCompile},
    {"most commom error is: Validator failed on node: {layer} with Agent infeasible", kFails,
     "allocator_infeasible", rank::kLayer, kCompile},
    {"most common error is: Validator failed on node: {layer} with Agent infeasible", kFails,
     "allocator_infeasible", rank::kLayer, kCompile},
    {"Agent infeasible", kFails, "allocator_infeasible", rank::kKernel, kCompile},
    {"{layers} failed on kernel validation",
     kFails,
     "unsupported_kernel",
     rank::kTotal,
     kCompile,
     {},
     {},
     "allocator_infeasible"},
    {"16bit L2 biases and contexts at {layer}", kFails, "allocator_infeasible", rank::kTotal,
     kCompile},
    {"DW resources calculation failed", kFails, "allocator_infeasible", rank::kTotal, kCompile},
    {"Failed to add spatial reshapes", kFails, "reshape_allocator", rank::kLayer, kCompile},

    {"Reshape is needed for layers: {reshapes}, but adding a reshape has failed", kFails,
     "reshape_allocator", rank::kExact, kCompile, kAllocator},
    {"Reshape is needed for layer {reshapes}, but adding a reshape has failed", kFails,
     "reshape_allocator", rank::kExact, kCompile, kAllocator},
    {"Reshape is needed for layer", kFails, "reshape_allocator", rank::kLayer, kCompile,
     kAllocator},

    {"Memory units capacity exceeded (available: {num:available}, required: {num:required})",
     kFails, "memory_units", rank::kExact, kCompile},
    {"Memory units required {num:required} available {num:available}", kFails, "memory_units",
     rank::kExact, kCompile},
    {"Memory units capacity exceeded", kFails, "memory_units", rank::kExact, kCompile},

    {"Mapping Failed (Timeout", kFails, "timeout", rank::kStopped, kCompile},
    {"Mapping Failed (Timeout, allocation time: {time:allocation_time_s})", kFails, "timeout",
     rank::kStopped, kCompile},
    {"Watchdog expired after {time:watchdog_s}", kFails, "timeout", rank::kStopped, kCompile},
    {"Compilation timed out", kFails, "timeout", rank::kStopped, kCompile},
    {"Compilation failed: Timeout", kFails, "timeout", rank::kStopped, kCompile},
    {"[TIMEOUT]", kFails, "timeout", rank::kStopped},
    {"Mapping Failed", kFails, "unknown", rank::kStatus, kCompile},
    {"Failed to produce compiled graph", kFails, "unknown", rank::kStatus, kCompile},
    {"Interrupted by user, aborting", kFails, "interrupted", rank::kInterrupted, kCompile},

    {"Builder fail with status 94: ", kFails, "no_partition", rank::kTotal, kCompile, kAllocator},
    {"Builder fail with status {num:builder_status}:", kFails, "unknown", rank::kStatus, kCompile},
    {"No valid partition found", kFails, "no_partition", rank::kTotal, kCompile},
    {"could not find a valid partition to contexts", kFails, "no_partition", rank::kTotal,
     kCompile},
    {"too many resources on context_{num:context} with {num:failures}/{num:failures} failures",
     kFails, "no_partition", rank::kTotal, kCompile},
    {"Context-Partition topology error", kFails, "no_partition", rank::kTotal, kCompile},

    {"Auto defused failed layer {layer} required too many SCs", kFails, "resources", rank::kExact,
     kCompile},
    {"required too many SCs", kFails, "resources", rank::kLayer, kCompile},
    {"model could not fit in single context", kFails, "resources", rank::kLayer, kCompile},
    {"Failed to save enough resources to fit", kFails, "resources", rank::kLayer, kCompile},
    {"shmifo in capacity exceeded (available: {num:available}, required: {num:required})", kFails,
     "resources", rank::kExact, kCompile},
    {"shmifo {*}capacity exceeded", kFails, "resources", rank::kExact, kCompile},
    {"Model uses too many resources", kFails, "resources", rank::kTold, kCompile},
    {"Resources presolve failed", kFails, "resources", rank::kTold, kCompile},

    {"More than one output is not supported for layer {layer}", kFails, "unsupported_kernel",
     rank::kExact, kCompile},
    {"microcode exceeded size for {layer} (cluster_index={num:cluster_index}, "
     "layer_index={num:layer_index})",
     kFails, "unsupported_kernel", rank::kExact, kCompile},
    {"microcode exceeded size for {layer}", kFails, "unsupported_kernel", rank::kExact, kCompile},
    {"Failed to reach required FPS on the following layers: {layers}", kFails, "unsupported_kernel",
     rank::kExact, kCompile},
    {"Failed to reach required FPS", kFails, "unsupported_kernel", rank::kLayer, kCompile},
    {"Unsupported kernel type", kFails, "unsupported_kernel", rank::kExact, kCompile},

    {"Compilation failed with unexpected crash", kFails, "tool_crash", rank::kExact, kCompile},
};

}  // namespace allocator_rows

std::span<const Recogniser> allocator_recognisers() {
  return allocator_rows::kRows;
}

}  // namespace tessera::hailo
