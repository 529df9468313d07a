#include "plan/channel_blocks.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "graph/canonical.h"
#include "graph/queries.h"
#include "graph/subgraph.h"

namespace tessera {
namespace {

constexpr int64_t kMaxPartials = 100'000;

struct Block {
  int64_t begin;
  int64_t end;
  int64_t size() const { return end - begin; }
};

std::vector<Block> blocks_of(int64_t channels, int64_t block) {
  std::vector<Block> blocks;
  for (int64_t begin = 0; begin < channels; begin += block) {
    blocks.push_back({begin, std::min(begin + block, channels)});
  }
  return blocks;
}

// Rows `out` and columns `in` of a weight [O, I, kh, kw].
Tensor part_of(const Tensor& weight, Block out, Block in) {
  const int64_t taps = weight.dim(2) * weight.dim(3);
  std::vector<float> values;
  values.reserve(static_cast<size_t>(out.size() * in.size() * taps));
  for (int64_t o = out.begin; o < out.end; ++o) {
    const float* row = weight.data() + (o * weight.dim(1) + in.begin) * taps;
    values.insert(values.end(), row, row + in.size() * taps);
  }
  return Tensor({out.size(), in.size(), weight.dim(2), weight.dim(3)}, std::move(values));
}

Tensor part_of(const Tensor& bias, Block out) {
  if (bias.empty()) return {};
  return Tensor({out.size()}, {bias.data() + out.begin, bias.data() + out.end});
}

bool all_zero(const Tensor& weight) {
  const auto values = weight.values();
  return std::all_of(values.begin(), values.end(), [](float v) { return v == 0.0f; });
}

class Splitter {
 public:
  Splitter(const Graph& source, int64_t block, const std::set<std::string>& whole)
      : source_(source),
        block_(block),
        whole_(whole),
        editor_(result_, "split_channel_blocks"),
        copy_(source, editor_) {}

  Result<Graph> run() {
    for (NodeId id : source_.order()) {
      const Node& node = source_.node(id);
      const auto* conv = std::get_if<Conv>(&node.op);
      const int64_t in = conv != nullptr ? source_.node(node.inputs[0]).shape.c : 0;
      const bool wide = conv != nullptr && !whole_.contains(node.name) &&
                        (in > block_ || conv->weight.dim(0) > block_);
      if (wide && (conv->groups == 1 || is_depthwise(*conv, in))) {
        TESSERA_TRY(const NodeId joined,
                    conv->groups == 1 ? split_dense(node, *conv) : split_depthwise(node, *conv));
        copy_.set(id, joined);
        continue;
      }
      TESSERA_TRY(const NodeId made, copy_.add(id));
      editor_.derive(made, node.origin.derived);
    }
    copy_.add_outputs();
    TESSERA_TRY_VOID(editor_.enter(source_.form()));
    return canonical_order(result_);
  }

 private:
  // The same slice is made once, however many convolutions read it.
  Result<NodeId> channels(NodeId value, Block part) {
    if (part.begin == 0 && part.end == result_.node(value).shape.c) return value;
    const auto [place, is_new] = slices_.try_emplace({value, part.begin, part.end}, kNoNode);
    if (is_new) {
      TESSERA_TRY(place->second,
                  editor_.add(Slice{Axis::c, part.begin, part.end, 1}, {value},
                              fmt::format("{}.c{}", result_.node(value).name, part.begin)));
    }
    return place->second;
  }

  // Channels of the node's value, as far as they are summed up.
  void derive_block(NodeId made, const Node& node, Block out, bool partial_sum) {
    DerivedFrom block = node.origin.derived;
    if (block.values.empty()) block.values = {node.name};
    block.first_channel = block.first_channel.value_or(0) + out.begin;
    block.partial_sum = block.partial_sum || partial_sum;
    editor_.derive(made, std::move(block));
  }

  Result<NodeId> partial(const Node& node, Conv conv, NodeId input, Block out, Block in) {
    if (++partials_ > kMaxPartials) {
      return TESSERA_ERROR(kResourceLimit, fmt::format("blocks of {} channels", block_),
                           fmt::format("make more than {} partial convolutions", kMaxPartials),
                           "choose wider blocks: PlanOptions::block_channels");
    }
    return editor_.add(std::move(conv), {input},
                       fmt::format("{}.o{}.i{}", node.name, out.begin, in.begin),
                       node.origin.source);
  }

  Result<NodeId> join(const Node& node, std::vector<NodeId> parts) {
    if (parts.size() == 1) return parts.front();
    TESSERA_TRY(const NodeId all,
                editor_.add(Concat{Axis::c}, std::move(parts), node.name, node.origin.source));
    editor_.derive(all, node.origin.derived);
    return all;
  }

  Result<NodeId> split_dense(const Node& node, const Conv& conv) {
    const NodeId input = copy_.at(node.inputs[0]);
    std::vector<NodeId> parts;
    for (const Block& out : blocks_of(conv.weight.dim(0), block_)) {
      TESSERA_TRY(const NodeId sum, sum_of_partials(node, conv, input, out));
      parts.push_back(sum);
    }
    return join(node, std::move(parts));
  }

  Result<NodeId> sum_of_partials(const Node& node, const Conv& conv, NodeId input, Block out) {
    std::vector<Block> ins;
    const std::vector<Block> all = blocks_of(conv.weight.dim(1), block_);
    std::copy_if(all.begin(), all.end(), std::back_inserter(ins),
                 [&](Block in) { return !all_zero(part_of(conv.weight, out, in)); });
    if (ins.empty()) ins.push_back(all.front());  // carries the bias
    NodeId sum = kNoNode;
    for (size_t i = 0; i < ins.size(); ++i) {
      const Block in = ins[i];
      Conv narrow = conv;
      narrow.weight = part_of(conv.weight, out, in);
      narrow.bias = sum == kNoNode ? part_of(conv.bias, out) : Tensor();
      TESSERA_TRY(const NodeId slice, channels(input, in));
      TESSERA_TRY(NodeId term, partial(node, std::move(narrow), slice, out, in));
      derive_block(term, node, out, ins.size() > 1);
      if (sum != kNoNode) {
        TESSERA_TRY(
            term, editor_.add(Add{}, {sum, term}, fmt::format("{}.sum", result_.node(term).name)));
        derive_block(term, node, out, i + 1 < ins.size());
      }
      sum = term;
    }
    return sum;
  }

  Result<NodeId> split_depthwise(const Node& node, const Conv& conv) {
    std::vector<NodeId> parts;
    for (const Block& part : blocks_of(conv.groups, block_)) {
      Conv narrow = conv;
      narrow.weight = part_of(conv.weight, part, {0, 1});
      narrow.bias = part_of(conv.bias, part);
      narrow.groups = part.size();
      TESSERA_TRY(const NodeId slice, channels(copy_.at(node.inputs[0]), part));
      TESSERA_TRY(const NodeId result, partial(node, std::move(narrow), slice, part, part));
      derive_block(result, node, part, false);
      parts.push_back(result);
    }
    return join(node, std::move(parts));
  }

  const Graph& source_;
  int64_t block_;
  const std::set<std::string>& whole_;
  Graph result_;
  GraphEditor editor_;
  SubgraphCopy copy_;
  std::map<std::tuple<NodeId, int64_t, int64_t>, NodeId> slices_;
  int64_t partials_ = 0;
};

}  // namespace

Result<Graph> split_channel_blocks(const Graph& graph, int64_t block,
                                   const std::set<std::string>& whole) {
  if (block < 1) {
    return TESSERA_ERROR(kInvalidArgument, "block channels",
                         fmt::format("{} has no meaning", block), "choose at least 1");
  }
  return Splitter(graph, block, whole).run();
}

}  // namespace tessera
