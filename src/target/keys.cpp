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

std::span<const TargetKey> target_keys() {
  using enum TargetSection;
  static constexpr TargetKey kKeys[] = {
      {limits, "batch", "samples", "samples in one call"},
      {limits, "rank", "axes", "axes of a tensor, batch included"},
      {limits, "dimension", "elements", "size of one axis"},
      {limits, "row_bytes", "bytes", "channels x width of one row of a tensor, 8 bit"},
      {limits, "kernel", "taps", "taps of a convolution along one axis"},
      {limits, "stride", "steps", "stride of a convolution along one axis"},
      {limits, "dilation", "steps", "dilation of a convolution along one axis"},
      {limits, "transposed_kernel", "taps", "taps of a transposed convolution along one axis"},
      {limits, "transposed_stride", "steps", "stride of a transposed convolution"},
      {limits, "pool_kernel", "taps", "window of a pool along one axis"},
      {limits, "contexts", "contexts",
       "parts run one after another, weights reloaded between them"},

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
      {support, "slice", "c, h, w, strided", "axes along which tensors are cut"},
      {support, "pad", "zero, reflect, edge", "padding as a layer of its own"},
      {support, "pools", "average, max, global_average, global_max", "pools"},
      {support, "reductions", "c, h, w", "axes over which values are reduced"},

      {units, "clusters", "clusters", "clusters of the chip"},
      {units, "lcu", "units per cluster", "layer control units"},
      {units, "sc", "units per cluster", "compute units (sub-clusters)"},
      {units, "apu", "units per cluster", "activation units"},
      {units, "aligners", "units per cluster", "input aligners"},
      {units, "l3_cuts", "cuts per cluster", "cuts of shared memory"},
      {units, "l3_cut_bytes", "bytes", "size of a cut"},
      {units, "ports_in", "ports per cluster", "tensors a cluster can receive"},
      {units, "ports_out", "ports per cluster", "tensors a cluster can send"},
      {units, "sc_per_layer", "units", "compute units one physical layer can have"},
      {units, "sc_weight_bytes", "bytes", "weights a compute unit holds itself"},
      {units, "macs_per_sc", "MAC per cycle", "multiply-accumulates of a compute unit"},
      {units, "clock", "Hz", "cycles per second"},
      {units, "fan_out", "edges", "readers or parts one physical layer can serve or join"},
      {units, "cap_single", "share", "units a network in one context may use"},
      {units, "cap_multi", "share", "units a network in several contexts may use in each"},
      {units, "norm_layers", "layers", "physical layers of one channel-wise norm"},
      {units, "softmax_layers", "layers", "physical layers of one softmax"},

      {costs, "mac_rate", "MAC/s", "peak arithmetic"},
      {costs, "link", "bytes/s", "host to chip and back"},
      {costs, "call", "s", "overhead of one call"},
      {costs, "switch", "s", "changing the network, besides sending its bytes"},
      {costs, "context_reload", "s", "loading the next context"},
  };
  return kKeys;
}

}  // namespace tessera
