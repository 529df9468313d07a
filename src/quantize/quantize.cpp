#include "tessera/compiler/quantize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "graph/slot.h"
#include "quantize/roles.h"
#include "quantize/scales.h"
#include "quantize/weights.h"

namespace tessera {
namespace {

using quantization::Matrix;
using quantization::matrix_of;
using quantization::Role;
using quantization::Scaling;

// Signed codes of 8 bits are so much less than unsigned ones.
constexpr int32_t kSignedFrom = 128;

class Quantizer {
 public:
  Quantizer(const Graph& graph, const TensorStatistics& statistics, const QuantizeOptions& options)
      : graph_(graph),
        statistics_(statistics),
        options_(options),
        roles_(quantization::roles_of(graph, options)) {}

  Result<Encodings> run() {
    for (NodeId id : graph_.order()) {
      const Role& role = roles_[slot(id)];
      if ((role.encoded && !role.inherits) || role.encoded_for_readers)
        TESSERA_TRY_VOID(statistics_of(graph_.node(id)));
    }
    encodings_.arithmetic = options_.arithmetic;
    TESSERA_TRY_VOID(equalize());
    for (NodeId id : graph_.order()) {
      const Role& role = roles_[slot(id)];
      const Node& node = graph_.node(id);
      if (role.inherits) {
        encodings_.values[node.name] = encoding_of(graph_, id, encodings_).value();
      } else if (role.encoded) {
        TESSERA_TRY(encodings_.values[node.name], encode(node, role));
      } else if (role.encoded_for_readers) {
        TESSERA_TRY(for_readers_[id], encode(node, role));
      }
    }
    for (NodeId id : graph_.order()) TESSERA_TRY_VOID(add_weights(graph_.node(id)));
    TESSERA_TRY_VOID(check_encodings(graph_, encodings_));
    return std::move(encodings_);
  }

 private:
  Result<const std::vector<ChannelStatistics>*> statistics_of(const Node& node) const {
    const auto* found = statistics_.find(node.name);
    if (found == nullptr || static_cast<int64_t>(found->size()) != node.shape.c) {
      return TESSERA_ERROR(kNotFound, fmt::format("node '{}'", node.name),
                           "has no calibration statistics",
                           "calibrate this network with the same options");
    }
    return found;
  }

  Result<ValueEncoding> encode(const Node& node, const Role& role) const {
    if (options_.arithmetic == IntegerArithmetic::onnx) return encode_by_range(node, role);
    return encode_for_tflite(node, role);
  }

  Result<ValueEncoding> encode_for_tflite(const Node& node, const Role& role) const {
    if (const auto fixed = fixed_encoding(node, role)) return *fixed;
    if (activation_of(node) != nullptr) {
      TESSERA_TRY(const ValueEncoding after, encode_for_tflite(*activation_of(node), role));
      return in_proportion_of(node, after.scale);
    }
    TESSERA_TRY(ValueEncoding encoding, encode_by_range(node, role));
    // The first scale, a power of two, stands for all: shares of it are exact.
    if (encoding.scale.size() > 1)
      encoding.scale[0] = std::exp2(std::ceil(std::log2(encoding.scale[0])));
    if (hands_scales_on(node)) TESSERA_TRY_VOID(coarsen_for_operand(node, encoding));
    sign(encoding);
    return encoding;
  }

  static void sign(ValueEncoding& encoding) {
    if (encoding.bits != 8 || encoding.is_signed) return;
    encoding.is_signed = true;
    for (int32_t& zero : encoding.zero_point) zero -= kSignedFrom;
  }

  bool is_wide(const Node& node) const {
    return options_.int16 || options_.int16_values.contains(node.name);
  }

  // TensorFlow Lite's LOGISTIC and TANH have results of one scale.
  std::optional<ValueEncoding> fixed_encoding(const Node& node, const Role& role) const {
    const auto* unary = std::get_if<Unary>(&node.op);
    if (unary == nullptr || !role.on_chip) return std::nullopt;
    const bool wide = is_wide(node);
    if (unary->kind == UnaryKind::sigmoid)
      return wide ? ValueEncoding{16, true, {1.0F / 32768}, {0}}
                  : ValueEncoding{8, true, {1.0F / 256}, {-kSignedFrom}};
    if (unary->kind == UnaryKind::tanh)
      return wide ? ValueEncoding{16, true, {1.0F / 32768}, {0}}
                  : ValueEncoding{8, true, {1.0F / 128}, {0}};
    return std::nullopt;
  }

  // An activation that reads codes of a convolution and has a scale for each channel.
  bool hands_scales_on(const Node& node) const {
    const Role& role = roles_[slot(node.id)];
    return std::holds_alternative<Unary>(node.op) && role.on_chip &&
           role.scaling == Scaling::per_channel && quantization::follows_matrix(graph_, node) &&
           roles_[slot(node.inputs[0])].encoded;
  }
  const Node* activation_of(const Node& node) const {
    const auto users = graph_.users(node.id);
    if (!matrix_of(node.op) || users.size() != 1) return nullptr;
    const Node& user = graph_.node(users[0]);
    return hands_scales_on(user) ? &user : nullptr;
  }

  // In the proportion of the activation's scales: the operator between has one factor.
  Result<ValueEncoding> in_proportion_of(const Node& node, std::vector<float> scales) const {
    TESSERA_TRY(const auto* channels, statistics_of(node));
    const bool wide = is_wide(node);
    const std::vector<Range> ranges =
        ranges_of(*channels, wide ? options_.int16_range_margin : options_.range_margin,
                  wide ? RangeEstimator::min_max : options_.range_estimator);
    scales.resize(ranges.size(), scales[0]);
    const float first = scales[0];
    for (float& scale : scales) scale /= first;
    const std::vector<int> one_part(ranges.size(), 0);
    ValueEncoding encoding = encode_in_proportion(ranges, scales, one_part, wide);
    sign(encoding);
    return encoding;
  }

  // A channel that the activation makes small has small steps after it, and in proportion before,
  // where it is not small: then every channel's steps grow. Takes the steps of least error of both
  // values behind the readers.
  Result<void> coarsen_for_operand(const Node& node, ValueEncoding& encoding) const {
    constexpr std::array<float, 7> kFactors{0.75F, 1, 1.5F, 2, 3, 4, 8};
    const Node& operand = graph_.node(node.inputs[0]);
    const std::vector<double> energy =
        quantization::column_energy(static_cast<size_t>(node.shape.c), all_readers(node.id));
    TESSERA_TRY(const auto* channels, statistics_of(operand));
    const std::vector<Range> before = ranges_of(*channels, 1, options_.range_estimator);
    const auto codes = static_cast<float>(encoding.highest() - encoding.lowest());
    const std::vector<float> own = encoding.scale;
    double least = std::numeric_limits<double>::infinity();
    for (const float factor : kFactors) {
      std::vector<float> scale(before.size());
      for (size_t c = 0; c < scale.size(); ++c) {
        const float needed = (before[c].high - before[c].low) / codes / factor;
        scale[c] = std::max(own[own.size() == 1 ? 0 : c], needed);
      }
      if (scale.size() > 1) scale[0] = std::exp2(std::ceil(std::log2(scale[0])));
      TESSERA_TRY(const ValueEncoding made, in_proportion_of(operand, scale));
      double error = 0;
      for (size_t c = 0; c < scale.size(); ++c) {
        const auto after = static_cast<double>(scale[c]);
        const auto earlier = static_cast<double>(made.scale_of(static_cast<int64_t>(c)));
        error += energy[c] * (after * after + earlier * earlier);
      }
      if (error >= least) continue;
      least = error;
      encoding.scale = std::move(scale);
    }
    return {};
  }

  std::vector<Matrix> all_readers(NodeId id) const {
    std::vector<Matrix> readers;
    for (NodeId user : graph_.users(id)) {
      if (const auto matrix = matrix_of(graph_.node(user).op)) readers.push_back(*matrix);
    }
    return readers;
  }

  Result<ValueEncoding> encode_by_range(const Node& node, const Role& role) const {
    TESSERA_TRY(const auto* channels, statistics_of(node));
    const bool wide = is_wide(node);
    const auto found = proportions_.find(node.id);
    const bool joined = found != proportions_.end();
    const double narrow = joined ? options_.sum_range_margin : options_.range_margin;
    const std::vector<Range> ranges =
        ranges_of(*channels, wide ? options_.int16_range_margin : narrow,
                  wide ? RangeEstimator::min_max : options_.range_estimator);
    if (joined) return encode_in_proportion(ranges, found->second, parts_of(node, role), wide);
    ValueEncoding encoding = quantization::encode_ranges(ranges, parts_of(node, role),
                                                         wide ? 16 : 8, role.one_zero_point);
    const std::vector<Matrix> readers = column_readers(node.id);
    if (role.scaling == Scaling::per_channel && options_.balance)
      quantization::balance(encoding, ranges, *channels, readers);
    return encoding;
  }

  std::vector<Range> ranges_of(std::span<const ChannelStatistics> channels, double range_margin,
                               RangeEstimator range_estimator) const {
    const auto factor = static_cast<float>(range_margin);
    std::vector<Range> ranges;
    for (const ChannelStatistics& channel : channels) {
      const Range range = range_of(channel, range_estimator, options_.coverage);
      ranges.push_back({range.low * factor, range.high * factor});
    }
    return ranges;
  }

  // One step for each of `parts`, times the channels' proportions.
  static ValueEncoding encode_in_proportion(std::vector<Range> ranges,
                                            const std::vector<float>& proportions,
                                            std::span<const int> parts, bool wide) {
    for (size_t c = 0; c < ranges.size(); ++c)
      ranges[c] = {ranges[c].low / proportions[c], ranges[c].high / proportions[c]};
    ValueEncoding encoding = quantization::encode_ranges(ranges, parts, wide ? 16 : 8, true);
    encoding.scale.resize(ranges.size(), encoding.scale[0]);
    for (size_t c = 0; c < ranges.size(); ++c) encoding.scale[c] *= proportions[c];
    return encoding;
  }

  // Channels of values that additions join get their proportions, in common.
  Result<void> equalize() {
    for (const auto& parts : quantization::joined_values(graph_, options_)) {
      std::vector<quantization::JoinedRanges> joined;
      for (const auto& part : parts) {
        const Node& node = graph_.node(part.node);
        TESSERA_TRY(const auto* channels, statistics_of(node));
        const auto own = std::span(*channels).subspan(static_cast<size_t>(part.begin),
                                                      static_cast<size_t>(part.channels()));
        joined.push_back({ranges_of(own, 1, options_.range_estimator), own, {}, {}});
        for (NodeId reader : readers_of(graph_, part)) add_readers(reader, joined.back());
      }
      const std::vector<double> common = quantization::common_proportions(joined);
      for (const auto& part : parts) {
        std::vector<float>& all = proportions_[part.node];
        all.resize(static_cast<size_t>(graph_.node(part.node).shape.c), 1.0F);
        std::copy(common.begin(), common.end(), all.begin() + part.begin);
      }
    }
    return {};
  }

  void add_readers(NodeId reader, quantization::JoinedRanges& joined) const {
    if (const auto matrix = matrix_of(graph_.node(reader).op)) joined.readers.push_back(*matrix);
    if (graph_.get_if<Unary>(reader) == nullptr) return;
    for (NodeId user : graph_.users(reader)) {
      if (const auto matrix = matrix_of(graph_.node(user).op))
        joined.readers_behind.push_back(*matrix);
    }
  }

  // Which channels share a scale.
  std::vector<int> parts_of(const Node& node, const Role& role) const {
    std::vector<int> parts(static_cast<size_t>(node.shape.c), 0);
    if (role.scaling == Scaling::per_channel) {
      for (size_t c = 0; c < parts.size(); ++c) parts[c] = static_cast<int>(c);
    } else if (role.scaling == Scaling::per_slice) {
      int part = 0;
      for (NodeId user : graph_.users(node.id)) {
        const auto& slice = std::get<Slice>(graph_.node(user).op);
        std::fill(parts.begin() + slice.begin, parts.begin() + slice.end, part++);
      }
    }
    return parts;
  }

  // Readers that mix channels: scales enter their columns.
  std::vector<Matrix> column_readers(NodeId id) const {
    std::vector<Matrix> readers;
    for (NodeId user : graph_.users(id)) {
      const auto matrix = matrix_of(graph_.node(user).op);
      if (matrix && matrix->inputs() > 1) readers.push_back(*matrix);
    }
    return readers;
  }

  Result<void> add_weights(const Node& node) {
    const auto matrix = matrix_of(node.op);
    if (!matrix || !roles_[slot(node.id)].on_chip) return {};
    const NodeId operand = node.inputs[0];
    const auto own = encoding_of(graph_, operand, encodings_);
    const auto read = for_readers_.find(operand);
    if (!own && (read == for_readers_.end() || !reads_codes(node))) return {};
    const ValueEncoding& encoding = own ? *own : read->second;
    std::vector<double> means;
    if (options_.correct_bias) {
      TESSERA_TRY(const auto* channels, statistics_of(graph_.node(operand)));
      for (const ChannelStatistics& channel : *channels) means.push_back(channel.mean());
    }
    IntegerWeights weights = quantization::encode_weights(*matrix, encoding, means);
    if (!own) weights.operand = encoding;
    encodings_.weights[node.name] = std::move(weights);
    return {};
  }

  // Its result is encoded, or goes into an activation whose result is.
  bool reads_codes(const Node& node) const {
    if (roles_[slot(node.id)].encoded) return true;
    const auto users = graph_.users(node.id);
    return users.size() == 1 && roles_[slot(users[0])].encoded;
  }

  const Graph& graph_;
  const TensorStatistics& statistics_;
  const QuantizeOptions& options_;
  std::vector<Role> roles_;
  std::map<NodeId, std::vector<float>> proportions_;  // of values that additions join
  std::map<NodeId, ValueEncoding> for_readers_;
  Encodings encodings_;
};

}  // namespace

std::vector<NodeId> calibrated_nodes(const Graph& legal, const QuantizeOptions& options) {
  const std::vector<Role> roles = quantization::roles_of(legal, options);
  std::vector<NodeId> nodes;
  for (NodeId id : legal.order()) {
    if (roles[slot(id)].encoded || roles[slot(id)].encoded_for_readers) nodes.push_back(id);
  }
  return nodes;
}

std::vector<std::string> encoded_values(const Graph& legal, const QuantizeOptions& options) {
  const std::vector<Role> roles = quantization::roles_of(legal, options);
  std::vector<std::string> names;
  for (NodeId id : legal.order()) {
    const Role& role = roles[slot(id)];
    if ((role.encoded && !role.inherits) || role.encoded_for_readers)
      names.push_back(legal.node(id).name);
  }
  return names;
}

std::vector<std::string> host_float_values(const Graph& legal, const QuantizeOptions& options) {
  QuantizeOptions on_host = options;
  on_host.encoder_in_integers = on_host.masks_in_integers = false;
  const std::vector<std::string> others = encoded_values(legal, on_host);
  std::vector<std::string> names = encoded_values(legal, options);
  std::erase_if(names, [&](const std::string& name) {
    return std::find(others.begin(), others.end(), name) != others.end();
  });
  return names;
}

Result<Encodings> quantize(const Graph& legal, const TensorStatistics& statistics,
                           const QuantizeOptions& options) {
  if (legal.form() != GraphForm::legal) {
    return TESSERA_ERROR(
        kInvalidArgument, "quantize",
        fmt::format("the graph is at stage {}, not legal", to_string(legal.form())),
        "rewrite the network first");
  }
  for (const std::string& name : options.int16_values) {
    if (legal.find(name) == kNoNode) {
      return TESSERA_ERROR(kInvalidArgument, fmt::format("value '{}'", name),
                           "is to have 16 bits, but is not in the network",
                           "name values as `tessera inspect` lists them");
    }
  }
  return Quantizer(legal, statistics, options).run();
}

}  // namespace tessera
