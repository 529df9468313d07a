// Norm and Affine, as values of their own or on the way to the convolutions that read them.
#include <algorithm>
#include <cmath>
#include <new>

#include "backends/cpu/lowering_state.h"

namespace tessera::cpu {
namespace {

simd::Statistics statistics_of(NormKind kind) {
  switch (kind) {
    case NormKind::global: return simd::Statistics::kTotal;
    case NormKind::feature_wise: return simd::Statistics::kPerChannel;
    case NormKind::channel_wise:
    case NormKind::cumulative: return simd::Statistics::kPerFrame;
    case NormKind::batch: break;
  }
  return simd::Statistics::kNone;
}

// Has whoever makes `source` leave its sums, or adds a step that takes them.
StatisticsSlot take_statistics(LoweringState& state, ValueId source, simd::Statistics kind) {
  const Value value = state.program.values[source];
  const size_t tiles = state.tiles(value.domain);
  const size_t length = StatisticsSlot::length_of(kind, value.channels, state.kernels.tile_frames);
  StatisticsSlot slot{kind, kNoValue, length, tiles};
  slot.blob = state.add_blob(StatisticsSlot::blob_floats(length, value.domain.planes, tiles));
  const auto maker = state.maker.find(value.root);
  const bool whole = value.root == source && maker != state.maker.end();
  if (whole && maker->second->take_statistics(kind, slot.blob)) {
    maker->second->writes.push_back(slot.blob);
    return slot;
  }
  StatisticsStep step;
  step.src = source;
  step.channels = value.channels;
  step.statistics = slot;
  step.reads = {{source}};
  state.add_step(std::move(step), slot.blob).domain = value.domain;
  return slot;
}

// What follows from a norm's statistics; see steps/norm.h.
struct NormResult {
  NormRows rows;
  ValueId gains = kNoValue;        // gLN into taps
  ValueId per_channel = kNoValue;  // fgLN
};

NormResult finish_statistics(LoweringState& state, const Norm& norm, ValueId source,
                             bool into_taps) {
  const Value value = state.program.values[source];
  const StatisticsSlot slot = take_statistics(state, source, statistics_of(norm.kind));
  const size_t planes = value.domain.planes;
  const size_t frames = state.kernels.tile_frames;
  NormResult result;
  if (norm.kind == NormKind::channel_wise || norm.kind == NormKind::cumulative) {
    result.rows = {state.add_value(value.domain, 2), true};
    if (norm.kind == NormKind::channel_wise) {
      FrameNormStep step;
      step.statistics = slot;
      step.count = value.channels;
      step.eps = norm.eps;
      step.rows = result.rows.value;
      step.reads = {{slot.blob}};
      state.add_step(std::move(step), result.rows.value);
    } else {
      CumulativeNormStep step;
      step.statistics = slot;
      step.src_domain = value.domain;
      step.count = value.channels;
      step.eps = norm.eps;
      step.rows = result.rows.value;
      step.reads = {{slot.blob, Reach::whole}};
      state.add_serial_step(std::move(step), result.rows.value);
    }
    return result;
  }
  const auto fill = [&](auto step) {
    step.statistics = slot;
    step.planes = planes;
    step.eps = norm.eps;
    step.gamma = norm.gamma;
    step.beta = norm.beta;
    step.reads = {{slot.blob, Reach::whole}};
    return step;
  };
  if (norm.kind == NormKind::feature_wise) {
    FeatureNormStep step = fill(FeatureNormStep{});
    step.count = value.domain.frames;
    step.channels = result.per_channel = state.add_blob(planes * 3 * value.channels);
    state.add_serial_step(std::move(step), result.per_channel);
    return result;
  }
  GlobalNormStep step = fill(GlobalNormStep{});
  step.count = value.domain.frames * value.channels;
  if (into_taps) {
    step.gains = result.gains = state.add_blob(planes * 2 * value.channels);
    state.add_serial_step(std::move(step), result.gains);
  } else {
    result.rows = {state.add_blob(planes * 2 * frames), false};
    step.rows = result.rows.value;
    state.add_serial_step(std::move(step), result.rows.value);
  }
  return result;
}

// One product of all pointwise convolutions that read the norm, with gamma in the weights.
void start_behind(LoweringState& state, NodeId id, const Norm& norm, ValueId source) {
  const std::span<const NodeId> readers = state.graph.users(id);
  const Value value = state.program.values[source];
  const size_t in = value.channels;
  std::vector<float> weights;
  for (NodeId reader : readers) {
    if (state.product_of.contains(index_of(reader))) continue;
    const Tensor& weight = state.graph.get_if<Conv>(reader)->weight;
    weights.insert(weights.end(), weight.values().begin(), weight.values().end());
    state.product_of[index_of(reader)] = kNoValue;
  }
  const size_t out = weights.size() / in;
  PointwiseStep step;
  step.packed = pack(state.kernels, weights.data(), norm.gamma.data(), nullptr, out, in);
  step.src = source;
  step.dst = state.add_value(value.domain, out);
  step.tiles = state.tiles(value.domain);
  step.tile_frames = state.kernels.tile_frames;
  step.reads = {{source}};
  const ValueId product = step.dst;
  state.add_step(std::move(step), product);
  size_t first = 0;
  for (NodeId reader : readers) {
    ValueId& view = state.product_of[index_of(reader)];
    if (view != kNoValue) continue;
    const auto channels = static_cast<size_t>(state.graph.get_if<Conv>(reader)->weight.dim(0));
    view = state.add_view(product, first, channels);
    first += channels;
  }
  const NormResult result = finish_statistics(state, norm, source, false);
  state.behind[index_of(id)] = {product, result.rows};
}

// Applies a norm to a value.
void add_normalize(LoweringState& state, NodeId root, ValueId source, const NormResult& result,
                   const ChannelAffine& affine, const FusedNodes& fused) {
  const Value value = state.program.values[source];
  NormalizeStep step;
  step.src = source;
  step.dst = state.add_value(value.domain, value.channels);
  step.rows = result.rows;
  step.channels = value.channels;
  step.per_channel = result.per_channel;
  step.reads = {{source}};
  if (step.rows.value != kNoValue) step.reads.push_back({step.rows.value});
  if (step.per_channel != kNoValue) {
    step.reads.push_back({step.per_channel});
  } else {
    step.gain = to_buffer(affine.gain, value.channels);
    step.offset = to_buffer(affine.offset, value.channels);
  }
  step.overwrites = source;
  step.tiles = state.tiles(value.domain);
  step.tile_frames = state.kernels.tile_frames;
  set_activation(fused, value.channels, state.kernels, step.epilogue);
  const ValueId dst = step.dst;
  state.add_step(std::move(step), dst);
  state.set_value(root, dst);
}

std::vector<float> to_vector(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

}  // namespace

ChannelAffine channel_affine(const Op& op) {
  if (const auto* affine = std::get_if<Affine>(&op)) {
    return {to_vector(affine->scale), to_vector(affine->bias)};
  }
  const auto& norm = std::get<Norm>(op);
  if (norm.kind != NormKind::batch) return {to_vector(norm.gamma), to_vector(norm.beta)};
  ChannelAffine result;
  for (int64_t c = 0; c < norm.gamma.size(); ++c) {
    const double scale = static_cast<double>(norm.gamma[c]) /
                         std::sqrt(static_cast<double>(norm.variance[c]) + norm.eps);
    result.gain.push_back(static_cast<float>(scale));
    result.offset.push_back(static_cast<float>(static_cast<double>(norm.beta[c]) -
                                               static_cast<double>(norm.mean[c]) * scale));
  }
  return result;
}

simd::AlignedBuffer to_buffer(const std::vector<float>& values, size_t padded_size) {
  simd::AlignedBuffer buffer(std::max(values.size(), padded_size));
  if (buffer.data() == nullptr) throw std::bad_alloc();
  std::copy(values.begin(), values.end(), buffer.data());
  return buffer;
}

void set_activation(const FusedNodes& fused, size_t channels, const simd::Kernels& kernels,
                    Epilogue& epilogue) {
  if (fused.activation == nullptr) return;
  if (fused.activation->kind == UnaryKind::relu) {
    epilogue.activation = simd::Activation::kRelu;
    return;
  }
  const Tensor& slope = fused.activation->slope;
  std::vector<float> slopes(channels);
  for (size_t c = 0; c < channels; ++c) {
    slopes[c] = slope[slope.size() == 1 ? 0 : static_cast<int64_t>(c)];
  }
  epilogue.activation = simd::Activation::kPrelu;
  epilogue.slopes = to_buffer(slopes, kernels.blocking.padded(channels) + kernels.blocking.rows);
}

void start_absorbed_norm(LoweringState& state, NodeId id) {
  const auto& norm = *state.graph.get_if<Norm>(id);
  const ValueId source = state.value(state.graph.node(id).inputs[0]);
  switch (state.matching.route_of(id)) {
    case NormRoute::after_gemm: return start_behind(state, id, norm, source);
    case NormRoute::into_taps:
      state.gains_of[index_of(id)] = finish_statistics(state, norm, source, true).gains;
      return;
    case NormRoute::into_weights:
    case NormRoute::materialise: return;
  }
}

void lower_norm(LoweringState& state, NodeId root, NodeId id, const FusedNodes& fused) {
  const auto& norm = *state.graph.get_if<Norm>(id);
  const ValueId source = state.value(state.graph.node(id).inputs[0]);
  NormResult result;
  if (norm.kind != NormKind::batch) result = finish_statistics(state, norm, source, false);
  add_normalize(state, root, source, result, channel_affine(norm), fused);
}

void lower_norm_statistics(LoweringState& state, NodeId id) {
  const Node& node = state.graph.node(id);
  const auto& op = std::get<NormStatistics>(node.op);
  const ValueId source = state.value(node.inputs[0]);
  const auto channels = static_cast<int64_t>(state.program.values[source].channels);
  // The statistics alone: gamma and beta come with the coefficients.
  Norm bare;
  bare.kind = op.kind;
  bare.eps = op.eps;
  bare.gamma = Tensor({channels}, std::vector<float>(static_cast<size_t>(channels), 1.0f));
  bare.beta = Tensor({channels}, std::vector<float>(static_cast<size_t>(channels), 0.0f));
  const NormResult result = finish_statistics(state, bare, source, false);
  NormCoefficientsStep step;
  step.rows = result.rows;
  step.per_channel = result.per_channel;
  step.source_channels = static_cast<size_t>(channels);
  step.gamma = op.gamma;
  step.beta = op.beta;
  step.center = op.center;
  step.dst = state.add_value(node.shape);
  if (step.rows.value != kNoValue) {
    step.reads.push_back({step.rows.value, step.rows.per_tile ? Reach::tile : Reach::whole});
  }
  if (step.per_channel != kNoValue) step.reads.push_back({step.per_channel, Reach::whole});
  const ValueId dst = step.dst;
  state.add_step(std::move(step), dst);
  state.set_value(id, dst);
}

void lower_affine(LoweringState& state, NodeId root, NodeId id, const FusedNodes& fused) {
  const ValueId source = state.value(state.graph.node(id).inputs[0]);
  add_normalize(state, root, source, {}, channel_affine(state.graph.node(id).op), fused);
}

}  // namespace tessera::cpu
