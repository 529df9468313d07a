#include "stream/step_values.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/ref/time_tile.h"

namespace tessera::stream {
namespace {

using reference::floor_div;

// Beyond these a stream would hold gigabytes of state, or a step would have more inputs than ops.
constexpr int64_t kMaxStepsAgo = int64_t{1} << 20;
constexpr size_t kMaxEarlierBlocks = size_t{1} << 14;

}  // namespace

std::string StepValues::free_name(std::string name) const {
  while (network_.find(name) != kNoNode) name += "_";
  return name;
}

void StepValues::encode_like(NodeId made, NodeId coded) {
  if (encodings_ == nullptr) return;
  if (auto encoding = encoding_of(step_.graph, coded, step_.encodings))
    step_.encodings.values[step_.graph.node(made).name] = std::move(*encoding);
}

Result<StepValue> StepValues::add_input(const Node& input, int64_t step_frames, int64_t advance) {
  StepValue value;
  value.base = input.name;
  value.is_input = true;
  value.frames = step_frames;
  value.delay = value.base_delay = -advance;
  value.base_length = value.end = input.shape.w;
  const Shape block{input.shape.c, input.shape.h, step_frames};
  TESSERA_TRY(value.node, add(Input{block}, {}, input));
  step_.inputs.push_back({StepInput::Kind::samples, 0, 0});
  keep(value.node);
  return value;
}

Result<NodeId> StepValues::add(Op op, std::vector<NodeId> operands, const Node& like) {
  TESSERA_TRY(const NodeId made,
              editor_.add(std::move(op), std::move(operands), like.name, like.origin.source));
  if (step_.graph.node(made).name == like.name) return made;
  return TESSERA_ERROR(kUnsupported, fmt::format("node '{}'", like.name),
                       "bears a name that a stream needs for a value of its own", "rename it");
}

Result<NodeId> StepValues::add_coded(Op op, std::vector<NodeId> operands, const std::string& name,
                                     NodeId coded) {
  TESSERA_TRY(const NodeId made, editor_.add(std::move(op), std::move(operands), free_name(name),
                                             step_.graph.node(coded).origin.source));
  encode_like(made, coded);
  return made;
}

size_t StepValues::keep(NodeId node) {
  const auto [at, is_new] = kept_.try_emplace(node, step_.kept.size());
  if (is_new) step_.kept.push_back({step_.graph.node(node).name, step_.graph.node(node).shape, 0});
  return at->second;
}

Result<NodeId> StepValues::earlier(NodeId node, int64_t steps_ago) {
  if (steps_ago == 0) return node;
  const auto found = earlier_.find({node, steps_ago});
  if (found != earlier_.end()) return found->second;
  const Node& of = step_.graph.node(node);
  if (steps_ago > kMaxStepsAgo || earlier_.size() >= kMaxEarlierBlocks) {
    return TESSERA_ERROR(kResourceLimit, fmt::format("node '{}'", of.name),
                         fmt::format("is read as it was {} steps of the stream ago, among {} such "
                                     "reads: more than a stream is made for",
                                     steps_ago, earlier_.size()),
                         "take more samples in one step (StreamingOptions::step_samples)");
  }
  const size_t kept = keep(node);
  step_.kept[kept].depth = std::max(step_.kept[kept].depth, steps_ago);
  const std::string name = fmt::format("{}.ago{}", of.name, steps_ago);
  TESSERA_TRY(const NodeId made, add_coded(Input{of.shape}, {}, name, node));
  step_.inputs.push_back({StepInput::Kind::earlier, kept, steps_ago});
  earlier_[{node, steps_ago}] = made;
  return made;
}

Result<NodeId> StepValues::blocks(NodeId node, const std::vector<int64_t>& steps_ago) {
  std::vector<NodeId> parts;
  for (int64_t ago : steps_ago) {
    TESSERA_TRY(const NodeId part, earlier(node, ago));
    parts.push_back(part);
  }
  if (parts.size() == 1) return parts[0];
  return add_coded(Concat{Axis::w}, std::move(parts), step_.graph.node(node).name + ".past", node);
}

Result<NodeId> StepValues::window(NodeId node, int64_t block, int64_t start, int64_t frames) {
  TESSERA_CHECK(start + frames <= block, "a window does not reach beyond this step");
  const int64_t first = floor_div(start, block);
  const int64_t last = floor_div(start + frames - 1, block);
  std::vector<int64_t> steps_ago;
  for (int64_t b = first; b <= last; ++b) {
    steps_ago.push_back(-b);
    if (steps_ago.size() > kMaxEarlierBlocks) break;  // earlier() refuses
  }
  TESSERA_TRY(const NodeId joined, blocks(node, steps_ago));
  const int64_t begin = start - first * block;
  if (begin == 0 && frames == (last - first + 1) * block) return joined;
  return add_coded(Slice{Axis::w, begin, begin + frames, 1}, {joined},
                   step_.graph.node(node).name + ".window", node);
}

Result<NodeId> StepValues::masked(const StepValue& value) {
  const auto found = masked_.find(value.node);
  if (found != masked_.end()) return found->second;
  auto& by_length = mask_inputs_[{value.frames, value.base_delay}];
  if (!by_length.contains(value.base_length)) {
    TESSERA_TRY(const NodeId input, editor_.add(Input{{1, 1, value.frames}}, {},
                                                free_name(value.base + ".exists"), ""));
    step_.inputs.push_back({StepInput::Kind::mask, step_.masks.size(), 0});
    step_.masks.push_back({value.base, value.frames, value.base_delay});
    by_length[value.base_length] = input;
  }
  TESSERA_TRY(const NodeId made, add_coded(Mul{}, {by_length[value.base_length], value.node},
                                           value.base + ".existing", value.node));
  masked_[value.node] = made;
  return made;
}

Result<NodeId> StepValues::readable(const StepValue& value, int64_t first, int64_t last) {
  const bool before = first < value.begin;
  const bool after = last >= value.end;
  if ((before && value.cut_begin) || (after && value.cut_end)) {
    return TESSERA_ERROR(kUnsupported, fmt::format("node '{}'", value.base),
                         "is cut along time and then padded inside the network: it cannot run on a "
                         "stream",
                         "separate windows of the recording instead");
  }
  // The input has zeros wherever it has no samples. Other values have zeros in the blocks before
  // the first, but not in those that are computed while the first frames are still to come.
  const bool computed_before = -value.delay < value.begin;
  if (value.is_input || (!after && !(before && computed_before))) return value.node;
  return masked(value);
}

Result<NodeId> StepValues::delayed(const StepValue& value, int64_t delay, int64_t last) {
  TESSERA_CHECK(delay >= value.delay, "a stream cannot be early");
  TESSERA_TRY(const NodeId node, readable(value, 0, last));
  return window(node, value.frames, value.delay - delay, value.frames);
}

}  // namespace tessera::stream
