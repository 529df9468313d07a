#include "vendor/hailo/hn/hn_layer_diff.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "vendor/hailo/hn/hn_operands.h"

namespace tessera {
namespace {

constexpr double kSameWeights = 1e-6;  // of the largest

std::string text_of(Extent extent) {
  return fmt::format("{}x{}", extent.h, extent.w);
}

std::string text_of(const Padding& padding) {
  return fmt::format("{} {} above and below, {} {} left and right", padding.top, padding.bottom,
                     padding.left, padding.right);
}

// A convolution of ours in the HN's terms.
struct OurConvolution {
  Extent kernel, stride, dilation;
  std::optional<Padding> padding;  // none: a transposed one
  int64_t groups = 1;
  int64_t inputs = 0;
  int64_t outputs = 0;
  bool depthwise = false;
  std::vector<float> weights;  // [height, width, in/groups, out], or [height, width, channels]
  std::vector<float> bias;     // empty: none
};

Extent turned(Extent extent, bool swap) {
  return swap ? Extent{extent.w, extent.h} : extent;
}

Padding turned(const Padding& padding, bool swap) {
  return swap ? Padding{padding.left, padding.right, padding.top, padding.bottom} : padding;
}

// With H and W exchanged where the HN has them so.
OurConvolution in_their_terms(const Conv& conv, int64_t inputs, bool swap) {
  OurConvolution ours;
  const int64_t out = conv.weight.dim(0);
  const int64_t height = conv.weight.dim(2), width = conv.weight.dim(3);
  ours.kernel = turned(Extent{height, width}, swap);
  ours.stride = turned(conv.stride, swap);
  ours.dilation = turned(conv.dilation, swap);
  ours.padding = turned(conv.padding, swap);
  ours.groups = conv.groups;
  ours.inputs = inputs;
  ours.outputs = out;
  ours.depthwise = conv.groups == inputs && out == inputs && inputs > 1;
  const Tensor laid = permuted(
      conv.weight, swap ? std::vector<size_t>{3, 2, 1, 0} : std::vector<size_t>{2, 3, 1, 0});
  ours.weights.assign(laid.values().begin(), laid.values().end());
  if (!conv.bias.empty()) ours.bias.assign(conv.bias.values().begin(), conv.bias.values().end());
  return ours;
}

// Scales and shifts behind it, as a batch norm leaves them, become part of it.
void fold(const Affine& affine, OurConvolution& ours) {
  const auto outputs = static_cast<size_t>(ours.outputs);
  if (ours.bias.empty()) ours.bias.assign(outputs, 0);
  for (size_t i = 0; i < ours.weights.size(); ++i) {
    ours.weights[i] *= affine.scale[static_cast<int64_t>(i % outputs)];
  }
  for (size_t i = 0; i < outputs; ++i) {
    const auto c = static_cast<int64_t>(i);
    ours.bias[i] = ours.bias[i] * affine.scale[c] + affine.bias[c];
  }
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double peak = 0, most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    peak = std::max<double>(peak, std::fabs(a[i]));
    most = std::max(most, std::fabs(static_cast<double>(a[i]) - b[i]));
  }
  return peak > 0 ? most / peak : most;
}

class LayerComparer {
 public:
  LayerComparer(const Graph& ours, const std::vector<NodeId>& nodes, const HnLayer& layer,
                const HnWeights* weights, HnMatch& match)
      : ours_(ours), nodes_(nodes), layer_(layer), weights_(weights), match_(match) {}

  Result<void> run() {
    compare_shapes();
    compare_activations();
    const bool conv = layer_.type == "conv" || layer_.type == "dw";
    for (const NodeId id : nodes_) {
      if (conv && ours_.get_if<Conv>(id) != nullptr) return compare_convolution(id);
      if (const auto* gemm = ours_.get_if<Gemm>(id)) {
        if (conv || layer_.type == "dense") return compare_product(*gemm);
      }
      if (const auto* pool = ours_.get_if<Pool>(id)) {
        if (layer_.type.ends_with("pool")) return compare_pool(*pool, id);
      }
      if (layer_.type != "deconv") continue;
      if (const auto* other = ours_.get_if<ConvTranspose>(id)) return compare_transposed(*other);
      if (ours_.get_if<Conv>(id) != nullptr) differs("op", "a convolution", "a transposed one");
    }
    return {};
  }

 private:
  void differs(const char* what, std::string ours, std::string theirs) {
    match_.differences.push_back({what, std::move(ours), std::move(theirs)});
  }
  template <typename T>
  void compare(const char* what, const T& ours, const T& theirs) {
    if (ours != theirs) differs(what, text_of(ours), text_of(theirs));
  }

  // The node whose value leaves the layer.
  const Node& last() const {
    for (const NodeId id : nodes_) {
      const auto users = ours_.users(id);
      const bool inside = std::any_of(users.begin(), users.end(), [&](NodeId user) {
        return std::find(nodes_.begin(), nodes_.end(), user) != nodes_.end();
      });
      if (!inside) return ours_.node(id);
    }
    return ours_.node(nodes_.back());
  }

  void compare_shapes() {
    const Shape& mine = last().shape;
    const Shape& theirs = layer_.shape();
    if (mine == theirs) return;
    if (Shape{mine.c, mine.w, mine.h} == theirs) {
      swapped_ = true;
      differs("layout", to_string(mine), to_string(theirs) + ", height and width exchanged");
    } else {
      differs("shape", to_string(mine), to_string(theirs));
    }
  }

  void compare_activations() {
    std::string mine = "linear";
    for (const NodeId id : nodes_) {
      const auto* unary = ours_.get_if<Unary>(id);
      if (unary != nullptr) mine = to_string(unary->kind);
    }
    const std::string& theirs = layer_.params.activation;
    const bool told = layer_.type == "conv" || layer_.type == "dw" || layer_.type == "deconv" ||
                      layer_.type == "dense" || layer_.type == "activation";
    // What the parser may call the same: "relu6" is a clip, and PReLU stands in layers of its own.
    const bool known = mine == "linear" || mine == "relu" || mine == "sigmoid" || mine == "tanh";
    if (told && known && mine != theirs) differs("activation", mine, theirs);
  }

  Result<void> compare_convolution(NodeId id) {
    const Conv& conv = *ours_.get_if<Conv>(id);
    const Shape input = ours_.node(ours_.node(id).inputs.front()).shape;
    OurConvolution mine = in_their_terms(conv, input.c, swapped_);
    for (const NodeId other : nodes_) {
      const auto* affine = ours_.get_if<Affine>(other);
      if (affine != nullptr && ours_.node(other).inputs.front() == id) fold(*affine, mine);
    }
    const HnParams& params = layer_.params;
    const Extent kernel{hn_extent(params.kernel_shape, 0), hn_extent(params.kernel_shape, 1)};
    compare("kernel", mine.kernel, kernel);
    compare("stride", mine.stride, hn_extent(params.strides));
    compare("dilation", mine.dilation, hn_extent(params.dilations));
    const int64_t groups = layer_.type == "dw" ? input.c : params.groups;
    if (mine.groups != groups) {
      differs("groups", fmt::format("{}", mine.groups), fmt::format("{}", groups));
    }
    compare_padding(*mine.padding, input, kernel, hn_extent(params.dilations));
    if (weights_ == nullptr || !match_.differences.empty()) return {};
    TESSERA_TRY_VOID(compare_values("weight", "kernel", mine.weights));
    return compare_bias(std::move(mine.bias), mine.outputs);
  }

  void compare_padding(const Padding& mine, const Shape& input, Extent kernel, Extent dilation) {
    const Shape seen = swapped_ ? Shape{input.c, input.w, input.h} : input;
    const auto theirs =
        hn_padding(layer_.params, seen, kernel, hn_extent(layer_.params.strides), dilation);
    if (!theirs) {
      differs("padding", text_of(mine), theirs.error().message);
    } else {
      compare("padding", mine, *theirs);
    }
  }

  Result<void> compare_pool(const Pool& pool, NodeId id) {
    const Extent kernel = hn_extent(layer_.params.kernel_shape);
    const bool most = pool.kind == PoolKind::max;
    if (most != (layer_.type == "maxpool")) {
      differs("op", most ? "the largest" : "the mean", layer_.type);
    }
    compare("kernel", turned(pool.kernel, swapped_), kernel);
    compare("stride", turned(pool.stride, swapped_), hn_extent(layer_.params.strides));
    compare_padding(turned(pool.padding, swapped_), ours_.node(ours_.node(id).inputs.front()).shape,
                    kernel, {});
    return {};
  }

  Result<void> compare_transposed(const ConvTranspose& conv) {
    const HnParams& params = layer_.params;
    const Extent kernel{conv.weight.dim(2), conv.weight.dim(3)};
    compare("kernel", turned(kernel, swapped_),
            Extent{hn_extent(params.kernel_shape, 0), hn_extent(params.kernel_shape, 1)});
    compare("stride", turned(conv.stride, swapped_), hn_extent(params.strides));
    compare("dilation", turned(conv.dilation, swapped_), hn_extent(params.dilations));
    if (conv.groups != params.groups) {
      differs("groups", fmt::format("{}", conv.groups), fmt::format("{}", params.groups));
    }
    const std::vector<size_t> order =
        swapped_ ? std::vector<size_t>{3, 2, 0, 1} : std::vector<size_t>{2, 3, 0, 1};
    return compare_weights(permuted(conv.weight, order), conv.bias,
                           conv.weight.dim(1) * conv.groups);
  }

  Result<void> compare_product(const Gemm& gemm) {
    return compare_weights(permuted(gemm.weight, {1, 0}), gemm.bias, gemm.weight.dim(0));
  }

  Result<void> compare_weights(const Tensor& weight, const Tensor& bias, int64_t outputs) {
    if (weights_ == nullptr || !match_.differences.empty()) return {};
    TESSERA_TRY_VOID(
        compare_values("weight", "kernel", {weight.values().begin(), weight.values().end()}));
    if (bias.empty()) return compare_bias({}, outputs);
    return compare_bias({bias.values().begin(), bias.values().end()}, outputs);
  }

  // No bias is one of zeros.
  Result<void> compare_bias(std::vector<float> mine, int64_t outputs) {
    if (mine.empty() && !weights_->contains(layer_.name, "bias")) return {};
    if (mine.empty()) mine.assign(static_cast<size_t>(outputs), 0);
    return compare_values("bias", "bias", mine);
  }

  Result<void> compare_values(const char* what, const char* parameter,
                              const std::vector<float>& mine) {
    if (std::string(parameter) == "bias" && !weights_->contains(layer_.name, parameter)) {
      const double peak = std::fabs(*std::max_element(
          mine.begin(), mine.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); }));
      if (peak > 0) differs(what, fmt::format("up to {:.3g}", peak), "none");
      return {};
    }
    TESSERA_TRY(const NpyArray theirs, weights_->read(layer_.name, parameter));
    if (theirs.values.size() != mine.size()) {
      differs(what, fmt::format("{} values", mine.size()),
              fmt::format("{} values", theirs.values.size()));
      return {};
    }
    match_.weights_compared = true;
    const double most = largest_difference(mine, theirs.values);
    match_.weight_difference = std::max(match_.weight_difference, most);
    if (!(most <= kSameWeights)) {
      differs(what, "ours", fmt::format("differs by up to {:.3g} of the largest", most));
    }
    return {};
  }

  const Graph& ours_;
  const std::vector<NodeId>& nodes_;
  const HnLayer& layer_;
  const HnWeights* weights_;
  HnMatch& match_;
  bool swapped_ = false;
};

}  // namespace

Result<void> compare_layer(const Graph& ours, const std::vector<NodeId>& nodes,
                           const HnLayer& layer, const HnWeights* weights, HnMatch& match) {
  return LayerComparer(ours, nodes, layer, weights, match).run();
}

}  // namespace tessera
