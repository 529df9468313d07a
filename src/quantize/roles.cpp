#include "quantize/roles.h"

#include <algorithm>

#include "graph/queries.h"
#include "plan/partition.h"

namespace tessera::quantization {
namespace {

bool is_activation(const Op& op) {
  return std::holds_alternative<Unary>(op);
}

// What scales with its operand: scales per channel pass through.
bool is_homogeneous(const Op& op) {
  const auto* unary = std::get_if<Unary>(&op);
  return unary != nullptr && (unary->kind == UnaryKind::relu || unary->kind == UnaryKind::prelu);
}

PartitionOptions placement_of(const QuantizeOptions& options) {
  PartitionOptions placement;
  placement.encoder_on_chip = options.encoder_in_integers;
  placement.masks_on_chip = options.masks_in_integers;
  return placement;
}

class Roles {
 public:
  Roles(const Graph& graph, const QuantizeOptions& options)
      : graph_(graph), options_(options), places_(partition_nodes(graph, placement_of(options))) {}

  std::vector<Role> run() const {
    std::vector<Role> roles(static_cast<size_t>(graph_.id_limit()));
    for (NodeId id : graph_.order()) {
      Role& role = roles[static_cast<size_t>(index_of(id))];
      const Node& node = graph_.node(id);
      role = role_of(node);
      if (!role.encoded || node.inputs.empty()) continue;
      const Role& operand = roles[static_cast<size_t>(index_of(node.inputs[0]))];
      role.inherits = passes_codes_on(node.op) && operand.encoded;
    }
    return roles;
  }

  std::vector<JoinedParts> joined() const {
    if (tflite()) return {};
    return joined_by_sums(graph_,
                          {[this](NodeId id) { return on_chip(id); },
                           [this](const Node& node) { return made_per_channel(node); },
                           [this](const Node& reader) { return reads_per_channel(reader); }});
  }

 private:
  bool tflite() const { return options_.arithmetic == IntegerArithmetic::tflite; }

  bool on_chip(NodeId id) const {
    return places_[static_cast<size_t>(index_of(id))].place == Place::chip;
  }

  static bool passes_codes_on(const Op& op) {
    const auto* pad = std::get_if<Pad>(&op);
    return std::holds_alternative<Slice>(op) || (pad != nullptr && pad->mode == PadMode::zero);
  }

  // Its accumulators go straight into the activation: no codes between.
  bool joined_with_activation(const Node& node) const {
    const NodeId user = sole_user(graph_, node.id);
    if (!matrix_of(node.op) || user == kNoNode || !on_chip(user)) return false;
    if (!tflite()) return is_activation(graph_.node(user).op);
    const auto* unary = graph_.get_if<Unary>(user);
    return unary != nullptr && unary->kind == UnaryKind::relu;
  }

  Role role_of(const Node& node) const {
    Role role;
    role.on_chip = on_chip(node.id);
    if (std::holds_alternative<Constant>(node.op)) return role;
    const auto users = graph_.users(node.id);
    const bool chip_reads =
        std::any_of(users.begin(), users.end(), [&](NodeId u) { return on_chip(u); });
    if (!on_chip(node.id) && !chip_reads) return role;
    if (on_chip(node.id) && joined_with_activation(node)) return role;
    role.encoded = true;
    if (!on_chip(node.id) && chip_reads && host_keeps_float(node.id)) {
      role.encoded = false;
      role.encoded_for_readers = true;
    }
    role.scaling = scaling_of(node);
    role.one_zero_point =
        tflite() || (on_chip(node.id) && !std::holds_alternative<Affine>(node.op));
    return role;
  }

  // Read by float nodes of the host too, and on the chip by convolutions alone.
  bool host_keeps_float(NodeId id) const {
    const auto users = graph_.users(id);
    const bool host_reads =
        graph_.is_output(id) || std::any_of(users.begin(), users.end(), [&](NodeId u) {
          return !on_chip(u) && graph_.get_if<NormStatistics>(u) == nullptr &&
                 graph_.get_if<ScaleShift>(u) == nullptr;
        });
    return host_reads && std::all_of(users.begin(), users.end(), [&](NodeId u) {
             return !on_chip(u) || matrix_of(graph_.node(u).op).has_value();
           });
  }

  // The maker writes channels apart: rows of a convolution, perhaps through an activation, an
  // activation's table, or the host.
  bool made_per_channel(const Node& node) const {
    if (tflite() && on_chip(node.id) && is_activation(node.op))
      return is_homogeneous(node.op) && follows_matrix(graph_, node);
    return !on_chip(node.id) || matrix_of(node.op) || is_activation(node.op) ||
           std::holds_alternative<Affine>(node.op);
  }

  bool reads_per_channel(const Node& reader) const {
    if (tflite() && on_chip(reader.id) && is_activation(reader.op)) {
      return is_homogeneous(reader.op) && follows_matrix(graph_, reader) &&
             scaling_of(reader) == Scaling::per_channel;
    }
    return !on_chip(reader.id) || matrix_of(reader.op) || is_activation(reader.op) ||
           std::holds_alternative<Affine>(reader.op);
  }

  Scaling scaling_of(const Node& node) const {
    if (!options_.scale_per_channel || !made_per_channel(node)) return Scaling::per_tensor;
    const auto users = graph_.users(node.id);
    if (std::all_of(users.begin(), users.end(),
                    [&](NodeId u) { return reads_per_channel(graph_.node(u)); })) {
      return Scaling::per_channel;
    }
    // A file of TensorFlow Lite has one scale for what is sliced.
    return !tflite() && read_by_disjoint_slices(graph_, node.id) ? Scaling::per_slice
                                                                 : Scaling::per_tensor;
  }

  const Graph& graph_;
  const QuantizeOptions& options_;
  std::vector<Assignment> places_;
};

}  // namespace

std::vector<Role> roles_of(const Graph& legal, const QuantizeOptions& options) {
  return Roles(legal, options).run();
}

std::vector<JoinedParts> joined_values(const Graph& legal, const QuantizeOptions& options) {
  if (!options.scale_per_channel || !options.equalize_sums) return {};
  return Roles(legal, options).joined();
}

bool follows_matrix(const Graph& graph, const Node& activation) {
  const NodeId operand = activation.inputs.at(0);
  return matrix_of(graph.node(operand).op) && sole_user(graph, operand) == activation.id;
}

std::optional<Matrix> matrix_of(const Op& op) {
  if (const auto* conv = std::get_if<Conv>(&op))
    return Matrix{&conv->weight, &conv->bias, conv->groups};
  if (const auto* gemm = std::get_if<Gemm>(&op)) return Matrix{&gemm->weight, &gemm->bias, 1};
  return std::nullopt;
}

}  // namespace tessera::quantization
