// Affine: dropped where it changes nothing, merged with the one before, taken into a norm's gamma
// and beta and into the bias of a convolution or linear layer.
#include <cmath>

#include "model/recognise/pattern.h"
#include "model/recognise/recognise.h"

namespace tessera {
namespace {

bool is_identity(const Affine& op) {
  return all_equal(op.scale, 1) && all_equal(op.bias, 0);
}

Tensor scaled(const Tensor& a, const Tensor& scale) {
  std::vector<float> values;
  for (int64_t i = 0; i < a.size(); ++i)
    values.push_back(static_cast<float>(static_cast<double>(a[i]) * static_cast<double>(scale[i])));
  return Tensor(a.dims(), std::move(values));
}

Tensor scaled_plus(const Tensor& a, const Tensor& scale, const Tensor& bias) {
  if (all_equal(a, 0)) return bias;
  std::vector<float> values;
  for (int64_t i = 0; i < a.size(); ++i)
    values.push_back(static_cast<float>(static_cast<double>(a[i]) * static_cast<double>(scale[i]) +
                                        static_cast<double>(bias[i])));
  return Tensor(a.dims(), std::move(values));
}

Tensor times(const Tensor& a, const Tensor& scale) {
  if (all_equal(scale, 1)) return a;
  if (all_equal(a, 1)) return scale;
  return scaled(a, scale);
}

// The op before with the affine taken in; nothing where it has no place for it.
std::optional<Op> absorbed(const Op& before, const Affine& affine) {
  if (const auto* first = std::get_if<Affine>(&before)) {
    return Affine{times(first->scale, affine.scale),
                  scaled_plus(first->bias, affine.scale, affine.bias)};
  }
  if (const auto* norm = std::get_if<Norm>(&before)) {
    Norm merged = *norm;
    merged.gamma = times(norm->gamma, affine.scale);
    merged.beta = scaled_plus(norm->beta, affine.scale, affine.bias);
    return merged;
  }
  if (!all_equal(affine.scale, 1)) return std::nullopt;
  const auto with_bias = [&](auto op) -> Op {
    op.bias = op.bias.empty() ? affine.bias : scaled_plus(op.bias, affine.scale, affine.bias);
    return op;
  };
  if (const auto* conv = std::get_if<Conv>(&before)) return with_bias(*conv);
  if (const auto* conv = std::get_if<ConvTranspose>(&before)) return with_bias(*conv);
  if (const auto* gemm = std::get_if<Gemm>(&before)) return with_bias(*gemm);
  return std::nullopt;
}

}  // namespace

Result<void> recognise_affine(GraphEditor& editor) {
  const Graph& graph = editor.graph();
  for (NodeId id : graph.order()) {
    const auto* found = graph.get_if<Affine>(id);
    if (!found) continue;
    const Affine affine = *found;
    const NodeId before = operand(graph, id);
    if (is_identity(affine) && !(graph.is_output(id) && graph.get_if<Input>(before))) {
      TESSERA_TRY_VOID(editor.redirect(id, before));
      continue;
    }
    if (sole_user(graph, before) != id) continue;
    std::optional<Op> merged = absorbed(graph.node(before).op, affine);
    if (!merged) continue;
    TESSERA_TRY_VOID(editor.replace(before, std::move(*merged), graph.node(before).inputs));
    TESSERA_TRY_VOID(editor.redirect(id, before));
  }
  return {};
}

}  // namespace tessera
