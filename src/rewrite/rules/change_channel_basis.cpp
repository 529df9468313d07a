#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "rewrite/linear_streams.h"
#include "rewrite/rules/rules.h"
#include "rewrite/weights.h"

namespace tessera::rules {
namespace {

// Of the product with its inverse from the identity, in any element.
constexpr double kInverseTolerance = 1e-6;

bool change_stream_basis_concerns(const Graph& graph, NodeId node) {
  return graph.get_if<Add>(node) != nullptr;
}

bool usable(const ChannelBasis& basis, size_t channels) {
  const auto fits = [=](const std::vector<double>& values) {
    return values.size() == channels * channels &&
           std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  };
  if (!fits(basis.matrix) || !fits(basis.inverse)) return false;
  for (size_t i = 0; i < channels; ++i) {
    std::vector<double> row(channels, 0);
    for (size_t k = 0; k < channels; ++k) {
      for (size_t j = 0; j < channels; ++j)
        row[j] += basis.matrix[i * channels + k] * basis.inverse[k * channels + j];
    }
    for (size_t j = 0; j < channels; ++j) {
      if (!(std::abs(row[j] - (i == j ? 1 : 0)) <= kInverseTolerance)) return false;
    }
  }
  return true;
}

// `matrix` times rows begin.. of a convolution, its bias included.
Conv with_rows(const Conv& conv, int64_t begin, const std::vector<double>& matrix, int64_t n) {
  const int64_t row = conv.weight.size() / conv.weight.dim(0);
  std::vector<float> weight(conv.weight.values().begin(), conv.weight.values().end());
  std::vector<float> bias(conv.bias.values().begin(), conv.bias.values().end());
  std::vector<double> sums(static_cast<size_t>(row));
  for (int64_t o = 0; o < n; ++o) {
    std::fill(sums.begin(), sums.end(), 0.0);
    double constant = 0;
    for (int64_t k = 0; k < n; ++k) {
      const double m = matrix[static_cast<size_t>(o * n + k)];
      for (int64_t i = 0; i < row; ++i) {
        sums[static_cast<size_t>(i)] += m * static_cast<double>(conv.weight[(begin + k) * row + i]);
      }
      if (!bias.empty()) constant += m * static_cast<double>(conv.bias[begin + k]);
    }
    std::transform(sums.begin(), sums.end(), weight.begin() + (begin + o) * row,
                   [](double v) { return static_cast<float>(v); });
    if (!bias.empty()) bias[static_cast<size_t>(begin + o)] = static_cast<float>(constant);
  }
  Conv changed = conv;
  changed.weight = Tensor(conv.weight.dims(), std::move(weight));
  if (!bias.empty()) changed.bias = Tensor(conv.bias.dims(), std::move(bias));
  return changed;
}

// A convolution's weights times `inverse` from the right, tap by tap.
Conv with_columns(const Conv& conv, const std::vector<double>& inverse, int64_t n) {
  const int64_t out = conv.weight.dim(0);
  const int64_t taps = conv.weight.size() / (out * n);
  std::vector<float> weight(static_cast<size_t>(conv.weight.size()));
  std::vector<double> sums(static_cast<size_t>(n * taps));
  for (int64_t o = 0; o < out; ++o) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int64_t k = 0; k < n; ++k) {
      for (int64_t t = 0; t < taps; ++t) {
        const auto w = static_cast<double>(conv.weight[(o * n + k) * taps + t]);
        for (int64_t i = 0; i < n; ++i)
          sums[static_cast<size_t>(i * taps + t)] += w * inverse[static_cast<size_t>(k * n + i)];
      }
    }
    std::transform(sums.begin(), sums.end(), weight.begin() + o * n * taps,
                   [](double v) { return static_cast<float>(v); });
  }
  Conv changed = conv;
  changed.weight = Tensor(conv.weight.dims(), std::move(weight));
  return changed;
}

Result<void> change(GraphEditor& editor, const LinearStream& stream, const ChannelBasis& basis) {
  const Graph& graph = editor.graph();
  const int64_t n = stream.channels();
  ChangedBasis record;
  std::set<NodeId> readers;
  for (const ValuePart& part : stream.parts) {
    record.values.push_back(name_of(graph, part));
    if (const auto* conv = graph.get_if<Conv>(part.node)) {
      TESSERA_TRY_VOID(editor.replace(part.node, with_rows(*conv, part.begin, basis.matrix, n),
                                      graph.node(part.node).inputs));
    }
    for (NodeId reader : readers_of(graph, part)) readers.insert(reader);
  }
  for (NodeId reader : readers) {
    if (const auto* conv = graph.get_if<Conv>(reader)) {
      TESSERA_TRY_VOID(
          editor.replace(reader, with_columns(*conv, basis.inverse, n), graph.node(reader).inputs));
    }
  }
  std::vector<float> matrix(basis.matrix.size());
  std::transform(basis.matrix.begin(), basis.matrix.end(), matrix.begin(),
                 [](double v) { return static_cast<float>(v); });
  record.matrix = Tensor({n, n}, std::move(matrix));
  return editor.record_basis(std::move(record));
}

Result<Outcome> apply_change_stream_basis(GraphEditor& editor, NodeId node,
                                          const RewriteParameters& parameters) {
  const Graph& graph = editor.graph();
  for (const LinearStream& stream : linear_streams(graph)) {
    if (std::none_of(stream.parts.begin(), stream.parts.end(),
                     [&](const ValuePart& part) { return part.node == node; }))
      continue;
    if (graph.basis_of(stream.name) != nullptr)
      return Outcome{Declined{"its stream's basis was changed before"}};
    const auto found = parameters.channel_bases.find(stream.name);
    if (found == parameters.channel_bases.end())
      return Outcome{Declined{"no basis was given for its stream"}};
    if (!usable(found->second, static_cast<size_t>(stream.channels())))
      return Outcome{Declined{"the basis given for its stream is no matrix with its inverse"}};
    TESSERA_TRY_VOID(change(editor, stream, found->second));
    return Outcome{Changed{fmt::format("{} values from '{}' on are in another basis now",
                                       stream.parts.size(), stream.name)}};
  }
  return Outcome{
      Declined{"something that makes or reads its stream is no convolution over all "
               "channels"}};
}

}  // namespace

constinit const Rule change_channel_basis{
    "change_channel_basis",
    "Writes a residual stream in another basis of its channels; the convolutions around take the "
    "matrix and its inverse.",
    Exactness::exact, change_stream_basis_concerns, apply_change_stream_basis};

}  // namespace tessera::rules
