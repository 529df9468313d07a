// The entries that every target file must hold. docs/targets.md explains them; the parser refuses
// what is not here and names what is missing.
#include "tessera/compiler/target.h"

namespace tessera {

std::string_view to_string(TargetSection section) {
  switch (section) {
    case TargetSection::limits: return "limits";
    case TargetSection::support: return "support";
    case TargetSection::units: return "units";
    case TargetSection::costs: return "costs";
  }
  return "?";
}

std::string_view to_string(Architecture architecture) {
  return architecture == Architecture::clusters ? "clusters" : "sequential";
}

std::span<const TargetKey> target_keys() {
  using enum TargetSection;
  using enum Architecture;
  static constexpr TargetKey kKeys[] = {
      {limits, "batch", "samples", "samples in one call"},
      {limits, "rank", "axes", "axes of a tensor, batch included"},
      {limits, "dimension", "elements", "size of one axis"},
      {limits, "row_bytes", "bytes", "channels x width of one row of a tensor, 8 bit", clusters},
      {limits, "kernel", "taps", "taps of a convolution along one axis"},
      {limits, "stride", "steps", "stride of a convolution along one axis"},
      {limits, "dilation", "steps", "dilation of a convolution along one axis"},
      {limits, "transposed_kernel", "taps", "taps of a transposed convolution along one axis"},
      {limits, "transposed_stride", "steps", "stride of a transposed convolution"},
      {limits, "pool_kernel", "taps", "window of a pool along one axis"},
      {limits, "contexts", "contexts", "parts run one after another, weights reloaded between them",
       clusters},
      {limits, "conv_channels", "channels", "channels that a convolution reads, of a group",
       sequential, true},
      {limits, "depthwise_stride", "steps", "stride of a depthwise convolution", sequential, true},
      {limits, "dilated_stride", "steps", "stride of a convolution that is dilated", sequential,
       true},
      {limits, "padded_stride", "steps", "stride of a convolution whose input is padded",
       sequential, true},
      {limits, "grouped_stride", "steps", "stride of a convolution in groups", sequential, true},
      {limits, "weight_sum", "units", "sum of a channel's absolute weights, the largest being 127",
       sequential, true},
      {limits, "pool_area", "taps", "height x width of the window of a pool", sequential, true},
      {limits, "pool_height", "taps", "height of the window of a pool", sequential, true},
      {limits, "padded_pool", "taps", "window along one axis of an average pool that is padded",
       sequential, true},
      {limits, "mean_axis", "elements", "size of an axis that a mean goes over", sequential, true},
      {limits, "softmax_places", "elements", "height x width of what a softmax reads", sequential,
       true},

      {support, "operations", "input, conv, add, ...", "operations of the graph, by kind"},
      {support, "convolutions", "dense, depthwise, grouped", "kinds of convolution"},
      {support, "conv_padding", "none, symmetric, one_sided", "zero padding inside a convolution"},
      {support, "transposed_convolutions", "dense, grouped", "kinds of transposed convolution"},
      {support, "activations", "relu, prelu, sigmoid, tanh, ...", "functions of one value"},
      {support, "norms", "batch, channel_wise, global, feature_wise, cumulative", "normalisations"},
      {support, "softmax", "channel, source, time", "what a softmax sums over"},
      {support, "elementwise", "add, mul, sub, div, max, min, pow", "operations on two tensors"},
      {support, "broadcast", "none, per_channel, channels, time",
       "how operands of different shape may meet"},
      {support, "concat_axis", "c, h, w", "axes along which tensors join"},
      {support, "slice", "c, h, w, strided, strided_c", "axes along which tensors are cut"},
      {support, "pad", "zero, reflect, edge", "padding as a layer of its own"},
      {support, "pools", "average, max, global_average, global_max", "pools"},
      {support, "reductions", "c, h, w", "axes over which values are reduced"},
      {support, "operands", "values, constants", "what operators read", sequential, true},
      {support, "depth_means", "row, plane", "shapes whose channels a mean goes over", sequential,
       true},
      {support, "transposed_strides", "none, square, width, mixed, gaps",
       "strides of a transposed convolution, by axis", sequential, true},

      {units, "clusters", "clusters", "clusters of the chip", clusters},
      {units, "lcu", "units per cluster", "layer control units", clusters},
      {units, "sc", "units per cluster", "compute units (sub-clusters)", clusters},
      {units, "apu", "units per cluster", "activation units", clusters},
      {units, "aligners", "units per cluster", "input aligners", clusters},
      {units, "l3_cuts", "cuts per cluster", "cuts of shared memory", clusters},
      {units, "l3_cut_bytes", "bytes", "size of a cut", clusters},
      {units, "ports_in", "ports per cluster", "tensors a cluster can receive", clusters},
      {units, "ports_out", "ports per cluster", "tensors a cluster can send", clusters},
      {units, "sc_per_layer", "units", "compute units one physical layer can have", clusters},
      {units, "sc_weight_bytes", "bytes", "weights a compute unit holds itself", clusters},
      {units, "macs_per_sc", "MAC per cycle", "multiply-accumulates of a compute unit", clusters},
      {units, "clock", "Hz", "cycles per second"},
      {units, "fan_out", "edges", "readers or parts one physical layer can serve or join",
       clusters},
      {units, "cap_single", "share", "units a network in one context may use", clusters},
      {units, "cap_multi", "share", "units a network in several contexts may use in each",
       clusters},
      {units, "norm_layers", "layers", "physical layers of one channel-wise norm", clusters},
      {units, "softmax_layers", "layers", "physical layers of one softmax", clusters},
      {units, "macs", "MAC per cycle", "multiply-accumulates of the whole chip", sequential},
      {units, "depthwise_macs", "MAC per cycle", "of depthwise convolutions and pools", sequential},
      {units, "curves", "results per cycle", "of operators that end in a table, as sigmoid",
       sequential},
      {units, "elementwise", "results per cycle", "of sums and products of two values", sequential},
      {units, "operator_cycles", "cycles", "that every operator takes besides its work",
       sequential},
      {units, "channel_step", "channels", "results are computed in steps of as many channels",
       sequential},
      {units, "row_step", "rows", "rows that convolutions compute together", sequential},
      {units, "dense_constants", "bytes per result",
       "of weights and biases that are read again for other results", sequential},
      {units, "depthwise_constants", "bytes per result", "the same of depthwise convolutions",
       sequential},
      {units, "sram_bytes", "bytes", "memory that all operators share", sequential},
      {units, "arena_port", "port", "where values lie: 1 the shared memory, 2 the other one",
       sequential},
      {units, "constant_port", "port", "where weights lie: 1 the shared memory, 2 the other one",
       sequential},
      {units, "sram_rate", "bytes/s", "of the shared memory", sequential},
      {units, "memory_rate", "bytes/s", "of the other memory", sequential},

      {costs, "mac_rate", "MAC/s", "peak arithmetic", clusters},
      {costs, "link", "bytes/s", "host to chip and back"},
      {costs, "call", "s", "overhead of one call"},
      {costs, "switch", "s", "changing the network, besides sending its bytes", clusters},
      {costs, "context_reload", "s", "loading the next context", clusters},
  };
  return kKeys;
}

}  // namespace tessera
