#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "rewrite/affine_fold.h"
#include "rewrite/rules/rules.h"
#include "rewrite/split_norm.h"

namespace tessera::rules {
namespace {

bool freeze_global_norm_concerns(const Graph& graph, NodeId node) {
  return is_norm(graph, node, NormKind::global) || is_norm(graph, node, NormKind::feature_wise);
}

bool usable(const NormConstants& constants, size_t channels) {
  const auto fits = [=](const std::vector<double>& values) {
    return (values.size() == 1 || values.size() == channels) &&
           std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  };
  return fits(constants.mean) && fits(constants.variance) &&
         std::all_of(constants.variance.begin(), constants.variance.end(),
                     [](double v) { return v >= 0; });
}

Result<Outcome> apply_freeze_global_norm(GraphEditor& editor, NodeId node,
                                         const RewriteParameters& parameters) {
  const Node old = editor.graph().node(node);
  const Norm& norm = std::get<Norm>(old.op);
  const auto found = parameters.calibrated.find(old.name);
  if (found == parameters.calibrated.end())
    return Outcome{Declined{"no calibrated statistics were given for it"}};
  const NormConstants& constants = found->second;
  const auto channels = static_cast<size_t>(old.shape.c);
  if (!usable(constants, channels))
    return Outcome{
        Declined{"its calibrated statistics are not one mean and variance, nor one per channel"}};
  ChannelAffine affine;
  for (size_t c = 0; c < channels; ++c) {
    const double mean = constants.mean[constants.mean.size() == 1 ? 0 : c];
    const double variance = constants.variance[constants.variance.size() == 1 ? 0 : c];
    const double scale =
        static_cast<double>(norm.gamma[static_cast<int64_t>(c)]) / std::sqrt(variance + norm.eps);
    affine.scale.push_back(scale);
    affine.bias.push_back(static_cast<double>(norm.beta[static_cast<int64_t>(c)]) - scale * mean);
  }
  TESSERA_TRY_VOID(editor.replace(node, to_op(affine), old.inputs));
  return Outcome{Changed{"calibrated constants stand for the statistics of the sequence"}};
}

}  // namespace

constinit const Rule freeze_global_norm{
    "freeze_global_norm",
    "Puts calibrated constants in place of the statistics of a global or feature-wise norm.",
    Exactness::approximate, freeze_global_norm_concerns, apply_freeze_global_norm};

}  // namespace tessera::rules
