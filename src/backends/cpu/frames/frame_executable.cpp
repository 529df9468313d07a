#include "backends/cpu/frames/frame_executable.h"

#include <algorithm>
#include <new>

#include "backends/cpu/frames/frame_step.h"
#include "graph/slot.h"
#include "run/arena.h"

namespace tessera::cpu {
namespace {

class FrameExecutable final : public Executable {
 public:
  Result<void> load(const Segment& segment, int64_t memory_limit_bytes) {
    const Graph& graph = segment.graph;
    signature_ = signature_of(graph);
    order_ = graph.order();
    values_.resize(static_cast<size_t>(graph.id_limit()));
    for (NodeId id : order_) values_[slot(id)].shape = graph.node(id).shape;
    TESSERA_TRY_VOID(place_values(graph, memory_limit_bytes));
    try {
      make_steps(segment);
    } catch (const std::bad_alloc&) {
      return TESSERA_ERROR(kResourceLimit, "cpu backend", "memory for the weights cannot be had",
                           "close other programs or use a smaller network");
    }
    for (NodeId id : graph.inputs()) inputs_.push_back(slot(id));
    for (const GraphOutput& output : graph.outputs()) outputs_.push_back(slot(output.node));
    return {};
  }

  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs) override {
    TESSERA_TRY_VOID(check_values(signature_, inputs, outputs));
    for (size_t i = 0; i < inputs.size(); ++i) to_frames(inputs[i].data(), values_[inputs_[i]]);
    for (const auto& step : steps_) step->run();
    for (size_t i = 0; i < outputs.size(); ++i)
      to_row_major(values_[outputs_[i]], outputs[i].data());
    return {};
  }

  void reset() override {
    for (const auto& step : steps_) step->reset();
  }

  int64_t arena_bytes() const override { return arena_.size_bytes(); }

 private:
  static bool is_given(const Op& op) {
    return std::holds_alternative<Input>(op) || std::holds_alternative<Constant>(op);
  }

  // Inputs and constants are there before the first step, outputs after the last.
  Result<void> place_values(const Graph& graph, int64_t memory_limit_bytes) {
    std::vector<int64_t> place(values_.size(), 0);
    std::vector<NodeId> placed(order_);
    std::stable_partition(placed.begin(), placed.end(),
                          [&](NodeId id) { return is_given(graph.node(id).op); });
    const auto last = static_cast<int64_t>(order_.size());
    std::vector<BufferLife> lives;
    for (size_t i = 0; i < placed.size(); ++i) place[slot(placed[i])] = static_cast<int64_t>(i);
    for (NodeId id : placed) {
      const Op& op = graph.node(id).op;
      BufferLife life;
      life.size_bytes = static_cast<int64_t>(values_[slot(id)].floats() * sizeof(float));
      life.first_step = is_given(op) ? 0 : place[slot(id)];
      life.last_step = life.first_step;
      for (NodeId user : graph.users(id))
        life.last_step = std::max(life.last_step, place[slot(user)]);
      if (graph.is_output(id) || std::holds_alternative<Constant>(op)) life.last_step = last;
      lives.push_back(life);
    }
    TESSERA_TRY(const ArenaPlan plan, plan_arena(lives, memory_limit_bytes));
    TESSERA_TRY(arena_, Arena::create(plan.size_bytes));
    std::fill_n(arena_.at(0), plan.size_bytes, std::byte{0});
    for (size_t i = 0; i < placed.size(); ++i)
      values_[slot(placed[i])].data = reinterpret_cast<float*>(arena_.at(plan.offsets[i]));
    return {};
  }

  void make_steps(const Segment& segment) {
    for (NodeId id : order_) {
      const Node& node = segment.graph.node(id);
      FrameValue& value = values_[slot(id)];
      if (const auto* constant = std::get_if<Constant>(&node.op)) {
        to_frames(constant->value.data(), value);
        continue;
      }
      if (is_given(node.op)) continue;
      FrameOperands operands;
      for (NodeId input : node.inputs) operands.push_back(&values_[slot(input)]);
      std::optional<int64_t> skip;
      if (segment.carried->contains(node.name)) skip = segment.carried->at(node.name);
      steps_.push_back(make_frame_step(node.op, std::move(operands), value, skip));
    }
  }

  Signature signature_;
  std::vector<NodeId> order_;
  std::vector<FrameValue> values_;  // by node; steps refer to them
  std::vector<std::unique_ptr<FrameStep>> steps_;
  std::vector<size_t> inputs_;
  std::vector<size_t> outputs_;
  Arena arena_;
};

}  // namespace

bool suits_frames(const Segment& segment, int64_t tile_frames) {
  if (segment.carried == nullptr) return false;
  if (!segment.carried->empty()) return true;
  int64_t frames = 0;
  for (NodeId id : segment.graph.order()) {
    const Node& node = segment.graph.node(id);
    const auto* conv = std::get_if<Conv>(&node.op);
    if (conv != nullptr && conv->groups == 1)
      frames = std::max(frames, node.shape.h * node.shape.w);
  }
  return frames <= tile_frames / 2;
}

Result<std::unique_ptr<Executable>> load_frames(const Segment& segment,
                                                int64_t memory_limit_bytes) {
  auto executable = std::make_unique<FrameExecutable>();
  TESSERA_TRY_VOID(executable->load(segment, memory_limit_bytes));
  return std::unique_ptr<Executable>(std::move(executable));
}

}  // namespace tessera::cpu
