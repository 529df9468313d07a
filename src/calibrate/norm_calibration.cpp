#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "calibrate/windows.h"
#include "graph/subgraph.h"

#include "tessera/compiler/calibrate.h"
#include "tessera/session.h"

namespace tessera {
namespace {

bool is_over_the_sequence(const Graph& graph, NodeId id) {
  const auto* norm = graph.get_if<Norm>(id);
  return norm != nullptr &&
         (norm->kind == NormKind::global || norm->kind == NormKind::feature_wise);
}

// A norm with constants of its own takes no level out.
bool is_scale_invariant(const Graph& graph, NodeId id) {
  const auto* norm = graph.get_if<Norm>(id);
  return norm != nullptr && norm->kind != NormKind::batch;
}

struct Moments {
  double mean = 0;
  double variance = 0;
};

Moments moments_of(std::span<const float> values) {
  double sum = 0;
  for (float x : values) sum += static_cast<double>(x);
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0;
  for (float x : values) {
    const double d = static_cast<double>(x) - mean;
    squares += d * d;
  }
  return {mean, squares / static_cast<double>(values.size())};
}

}  // namespace

std::vector<std::string> freezable_norms(const Graph& imported) {
  std::set<NodeId> scale_invariant;  // values that a norm comes before, on every path from an input
  std::vector<std::string> names;
  for (NodeId id : imported.order()) {
    const std::vector<NodeId>& inputs = imported.node(id).inputs;
    const bool behind = !inputs.empty() && std::all_of(inputs.begin(), inputs.end(), [&](NodeId i) {
      return scale_invariant.contains(i);
    });
    if (behind && is_over_the_sequence(imported, id)) names.push_back(imported.node(id).name);
    if (behind || is_scale_invariant(imported, id)) scale_invariant.insert(id);
  }
  return names;
}

Result<void> NormCalibration::observe(const Graph& imported, Backend& backend,
                                      std::span<const std::vector<float>> windows) {
  std::vector<NodeId> norms;
  std::vector<NodeId> operands;
  for (const std::string& name : freezable_norms(imported)) {
    norms.push_back(imported.find(name));
    operands.push_back(imported.node(norms.back()).inputs[0]);
  }
  if (norms.empty()) return {};
  TESSERA_TRY(const Graph graph, with_outputs(imported, operands));
  TESSERA_TRY(Session session, Session::create(graph, backend));
  bool silent = true;
  for (const std::vector<float>& window : windows) {
    if (is_silent(window)) continue;
    silent = false;
    TESSERA_TRY(const auto values, session.run(inputs_of(graph, window)));
    for (size_t i = 0; i < norms.size(); ++i) {
      const Node& node = imported.node(norms[i]);
      const auto& norm = std::get<Norm>(node.op);
      const size_t entries =
          norm.kind == NormKind::feature_wise ? static_cast<size_t>(node.shape.c) : 1;
      Sums& sums = norms_[node.name];
      sums.eps = norm.eps;
      sums.means.resize(entries);
      sums.inverse_deviations.resize(entries);
      const size_t each = values[i].size() / entries;
      for (size_t entry = 0; entry < entries; ++entry) {
        const Moments moments = moments_of(std::span(values[i]).subspan(entry * each, each));
        const double inverse = 1 / std::sqrt(moments.variance + norm.eps);
        if (!std::isfinite(moments.mean) || !std::isfinite(inverse)) {
          return TESSERA_ERROR(kInvalidModel, node.name,
                               "has no finite statistics on a calibration window",
                               "leave windows out that hold only zeros, or repair the network");
        }
        sums.means[entry] += moments.mean;
        sums.inverse_deviations[entry] += inverse;
      }
      sums.windows += 1;
    }
  }
  if (silent) {
    return TESSERA_ERROR(kInvalidArgument, "calibration", "every window is silent",
                         "give recordings of what the network will hear");
  }
  return {};
}

std::map<std::string, NormConstants> NormCalibration::constants() const {
  std::map<std::string, NormConstants> constants;
  for (const auto& [name, sums] : norms_) {
    NormConstants& made = constants[name];
    for (size_t i = 0; i < sums.means.size(); ++i) {
      const double deviation = sums.windows / sums.inverse_deviations[i];
      made.mean.push_back(sums.means[i] / sums.windows);
      made.variance.push_back(std::fmax(0, deviation * deviation - sums.eps));
    }
  }
  return constants;
}

}  // namespace tessera
