#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "rewrite/decoder.h"
#include "rewrite/rules/rules.h"
#include "rewrite/weights.h"

namespace tessera::rules {
namespace {

bool reduce_decoder_concerns(const Graph& graph, NodeId node) {
  return graph.get_if<ConvTranspose>(node) != nullptr;
}

// The `keep` filters of greatest energy, in their order.
std::vector<int64_t> strongest_filters(const Tensor& weight, int64_t keep) {
  const int64_t row = weight.size() / weight.dim(0);
  std::vector<double> energy(static_cast<size_t>(weight.dim(0)), 0.0);
  for (int64_t i = 0; i < weight.size(); ++i)
    energy[static_cast<size_t>(i / row)] +=
        static_cast<double>(weight[i]) * static_cast<double>(weight[i]);
  std::vector<int64_t> filters(energy.size());
  std::iota(filters.begin(), filters.end(), int64_t{0});
  std::stable_sort(filters.begin(), filters.end(), [&](int64_t a, int64_t b) {
    return energy[static_cast<size_t>(a)] > energy[static_cast<size_t>(b)];
  });
  filters.resize(static_cast<size_t>(keep));
  std::sort(filters.begin(), filters.end());
  return filters;
}

Result<Outcome> apply_reduce_decoder(GraphEditor& editor, NodeId node,
                                     const RewriteParameters& parameters) {
  const Node old = editor.graph().node(node);
  ConvTranspose conv = std::get<ConvTranspose>(old.op);
  const int64_t filters = conv.weight.dim(0);
  const int64_t keep = parameters.decoder_channels;
  if (conv.groups > 1)
    return Outcome{Declined{"it has groups (lower_grouped_conv_to_dense removes them)"}};
  if (keep < 1) return Outcome{Declined{"at least one filter has to stay"}};
  if (keep >= filters)
    return Outcome{Declined{fmt::format("it has no more than {} filters", keep)}};
  std::vector<float> selection(static_cast<size_t>(keep * filters), 0.0F);
  std::vector<Tensor> rows;
  for (int64_t filter : strongest_filters(conv.weight, keep)) {
    selection[rows.size() * static_cast<size_t>(filters) + static_cast<size_t>(filter)] = 1.0F;
    rows.push_back(rows_of(conv.weight, filter, filter + 1));
  }
  Conv select;
  select.weight = Tensor({keep, filters, 1, 1}, std::move(selection));
  conv.weight = stack_rows(rows);
  TESSERA_TRY_VOID(
      replace_with_chain(editor, node, {{std::move(select), ".strongest"}, {std::move(conv), ""}}));
  return Outcome{
      Changed{fmt::format("the {} strongest of {} trained filters stay", keep, filters)}};
}

}  // namespace

constinit const Rule reduce_decoder{
    "reduce_decoder",
    "Decodes from the strongest of the trained filters only (decoder_channels, 128 or 64). "
    "lower_transposed_conv is as small and exact.",
    Exactness::approximate, reduce_decoder_concerns, apply_reduce_decoder};

}  // namespace tessera::rules
