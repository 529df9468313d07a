#include "verify/value_correspondence.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "graph/joined_sums.h"
#include "graph/queries.h"
#include "verify/changed_basis.h"

namespace tessera {
namespace {

bool is_folded_kind(const Op& op) {
  const auto* norm = std::get_if<Norm>(&op);
  return std::holds_alternative<Affine>(op) || (norm != nullptr && norm->kind == NormKind::batch);
}

bool takes_affine_after(const Op& op) {
  return std::holds_alternative<Conv>(op) || std::holds_alternative<ConvTranspose>(op) ||
         std::holds_alternative<Gemm>(op) || is_folded_kind(op);
}

// [in, out, 1, K] as the rows of a pointwise convolution, tap by tap: the definition, written out
// here once more so that the rule is not its own witness.
Tensor taps_of(const Tensor& weight) {
  const int64_t in = weight.dim(0);
  const int64_t out = weight.dim(1);
  const int64_t taps = weight.dim(3);
  std::vector<float> rows;
  rows.reserve(static_cast<size_t>(weight.size()));
  for (int64_t tap = 0; tap < taps; ++tap) {
    for (int64_t o = 0; o < out; ++o) {
      for (int64_t i = 0; i < in; ++i) rows.push_back(weight[(i * out + o) * taps + tap]);
    }
  }
  return Tensor({taps * out, in, 1, 1}, std::move(rows));
}

class Finder {
 public:
  Finder(const Graph& imported, const Graph& planned) : imported_(imported), planned_(planned) {}

  std::map<NodeId, Correspondence> run() {
    for (NodeId id : planned_.order()) {
      if (planned_.get_if<Input>(id) == nullptr) found_.emplace(id, correspondence(id));
    }
    return std::move(found_);
  }

 private:
  // A value whose batch norm or affine was folded into the op before it is the norm's.
  NodeId behind_folded(NodeId id) const {
    while (takes_affine_after(imported_.node(id).op) && sole_user(imported_, id) != kNoNode) {
      const Node& reader = imported_.node(imported_.users(id)[0]);
      if (!is_folded_kind(reader.op) || planned_.find(reader.name) != kNoNode) break;
      id = reader.id;
    }
    return id;
  }

  Correspondence correspondence(NodeId id) const {
    const Node& node = planned_.node(id);
    const DerivedFrom& derived = node.origin.derived;
    const std::string& name = derived.values.empty() ? node.name : derived.values.front();
    if (derived.partial_sum) return NoCounterpart{fmt::format("a partial sum of '{}'", name)};
    if (std::optional<Counterpart> whole = whole_value(derived, name)) {
      if (!derived.first_channel) return std::move(*whole);
      const int64_t first = *derived.first_channel;
      return part(std::move(*whole), Slice{Axis::c, first, first + node.shape.c, 1});
    }
    if (derived.first_channel)
      return NoCounterpart{fmt::format("'{}' is not in the network", name)};
    if (const auto* slice = std::get_if<Slice>(&node.op)) return slice_of(node, *slice);
    if (const auto* concat = std::get_if<Concat>(&node.op)) return concat_of(node, *concat);
    if (std::holds_alternative<Constant>(node.op)) return NoCounterpart{"a constant of a rule"};
    return NoCounterpart{"made by rewriting; the network has no such value"};
  }

  // What the node's value is of the network's, all channels of it.
  std::optional<Counterpart> whole_value(const DerivedFrom& derived,
                                         const std::string& name) const {
    switch (derived.kind) {
      case DerivedKind::value: return same_value(name);
      case DerivedKind::taps: return taps(name);
      case DerivedKind::statistics: return statistics(name);
      case DerivedKind::joined: return joined(derived.values);
    }
    return std::nullopt;
  }

  std::optional<Counterpart> same_value(const std::string& name) const {
    const NodeId same = imported_.find(name);
    if (same == kNoNode) return std::nullopt;
    const NodeId value = behind_folded(same);
    return in_basis(
        {{value},
         {},
         value == same ? "" : fmt::format("with '{}' folded in", imported_.node(value).name)},
        named_parts(name, value));
  }

  // lower_transposed_conv: each frame times every tap, before they are laid over each other.
  std::optional<Counterpart> taps(const std::string& name) const {
    const NodeId decoder = imported_.find(name);
    if (decoder == kNoNode) return std::nullopt;
    const auto* conv = imported_.get_if<ConvTranspose>(decoder);
    if (conv == nullptr) return std::nullopt;
    Conv rows;
    rows.weight = taps_of(conv->weight);
    Counterpart taps{{imported_.node(decoder).inputs[0]},
                     {std::move(rows)},
                     fmt::format("taps of '{}' before they overlap", name)};
    const NodeId last = behind_folded(decoder);
    for (NodeId id = decoder; id != last;) {
      id = imported_.users(id)[0];
      taps.ops.emplace_back(scale_of_taps(imported_.node(id).op, conv->weight.dim(3)));
    }
    if (last != decoder)
      taps.how += fmt::format(", with '{}' folded in", imported_.node(last).name);
    return taps;
  }

  // What a folded affine or batch norm makes of every tap; its shift comes behind the overlap.
  static Affine scale_of_taps(const Op& op, int64_t taps) {
    std::vector<float> scale;
    for (int64_t tap = 0; tap < taps; ++tap) {
      if (const auto* affine = std::get_if<Affine>(&op)) {
        const auto values = affine->scale.values();
        scale.insert(scale.end(), values.begin(), values.end());
        continue;
      }
      const auto& norm = std::get<Norm>(op);
      for (int64_t c = 0; c < norm.gamma.size(); ++c) {
        scale.push_back(
            static_cast<float>(static_cast<double>(norm.gamma[c]) /
                               std::sqrt(static_cast<double>(norm.variance[c]) + norm.eps)));
      }
    }
    const auto channels = static_cast<int64_t>(scale.size());
    return {Tensor({channels}, std::move(scale)), Tensor::full({channels}, 0)};
  }

  // split_*_norm: the numbers that stand for a norm.
  std::optional<Counterpart> statistics(const std::string& name) const {
    const NodeId id = imported_.find(name);
    if (id == kNoNode) return std::nullopt;
    const auto* norm = imported_.get_if<Norm>(id);
    if (norm == nullptr || norm->kind == NormKind::batch) return std::nullopt;
    return Counterpart{
        {imported_.node(id).inputs[0]},
        {NormStatistics{norm->kind, norm->gamma, norm->beta, norm->gamma, norm->eps}},
        fmt::format("scale and shift of '{}'", name)};
  }

  // merge_residual_skip: one convolution computes several values.
  std::optional<Counterpart> joined(const std::vector<std::string>& names) const {
    Counterpart all{{}, {Concat{Axis::c}}, ""};
    std::vector<NamedValue> values;
    for (const std::string& name : names) {
      const NodeId id = imported_.find(name);
      if (id == kNoNode) return std::nullopt;
      all.sources.push_back(id);
      all.how += fmt::format("{}'{}'", all.how.empty() ? "" : " and ", name);
      values.push_back({name, imported_.node(id).shape.c});
    }
    return in_basis(std::move(all), values);
  }

  // The Slices that make up a value that nothing else reads, or the value itself.
  std::vector<NamedValue> named_parts(std::string_view name, NodeId value) const {
    const int64_t channels = imported_.node(value).shape.c;
    std::map<int64_t, NamedValue> by_begin;
    if (read_by_disjoint_slices(imported_, value)) {
      for (NodeId user : imported_.users(value)) {
        const auto& slice = *imported_.get_if<Slice>(user);
        if (slice.step == 1)
          by_begin[slice.begin] = {imported_.node(user).name, slice.end - slice.begin};
      }
    }
    std::vector<NamedValue> parts;
    int64_t end = 0;
    for (auto& [begin, part] : by_begin) {
      if (begin != end) break;
      end += part.channels;
      parts.push_back(std::move(part));
    }
    if (end != channels) return {{std::string(name), channels}};
    return parts;
  }

  // change_channel_basis: in the basis that the plan has of the values.
  Counterpart in_basis(Counterpart found, const std::vector<NamedValue>& values) const {
    if (std::optional<Conv> change = basis_change(imported_, planned_, values)) {
      found.ops.emplace_back(std::move(*change));
      found.changes_basis = true;
      if (!found.how.empty()) found.how += ", ";
      found.how += "in another basis";
    }
    return found;
  }

  // `slice` of a counterpart; the whole of it is the counterpart itself.
  Counterpart part(Counterpart whole, const Slice& slice) const {
    if (slice.axis == Axis::c && slice.begin == 0 && whole.ops.empty() &&
        imported_.node(whole.sources[0]).shape.c == slice.end)
      return whole;
    if (!whole.how.empty()) whole.how += ", ";
    whole.how += fmt::format("{} {}..{}", slice.axis == Axis::c ? "channels" : "elements",
                             slice.begin, slice.end - 1);
    whole.ops.emplace_back(slice);
    return whole;
  }

  Correspondence slice_of(const Node& node, const Slice& slice) const {
    const auto operand = found_.find(node.inputs[0]);
    if (operand == found_.end()) return NoCounterpart{"a part of the input"};
    const auto* whole = std::get_if<Counterpart>(&operand->second);
    if (whole == nullptr) return NoCounterpart{"a part of a value that the network does not have"};
    return part(*whole, slice);
  }

  Correspondence concat_of(const Node& node, const Concat& concat) const {
    Counterpart all{{}, {concat}, "joined values"};
    for (NodeId input : node.inputs) {
      const auto operand = found_.find(input);
      const auto* one =
          operand == found_.end() ? nullptr : std::get_if<Counterpart>(&operand->second);
      if (one == nullptr || !one->ops.empty())
        return NoCounterpart{"joins values that the network does not have"};
      all.sources.push_back(one->sources[0]);
    }
    return all;
  }

  const Graph& imported_;
  const Graph& planned_;
  std::map<NodeId, Correspondence> found_;
};

}  // namespace

std::map<NodeId, Correspondence> match_values(const Graph& imported, const Graph& planned) {
  return Finder(imported, planned).run();
}

}  // namespace tessera
