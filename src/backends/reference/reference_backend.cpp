#include "backends/reference/reference_backend.h"

#include <algorithm>
#include <optional>

#include "backends/float_segment.h"
#include "graph/slot.h"
#include "kernels/ref/moments.h"
#include "run/arena.h"
#include "tessera/backend.h"

namespace tessera {
namespace {

// The copy of a finished value to an output of the graph.
struct Delivery {
  size_t value = 0;        // by node id
  size_t port = 0;         // index of the output
  size_t after_steps = 0;  // 0: an input or constant, there from the start
};

struct Step {
  Op op;
  std::vector<size_t> operands;  // values, by node id
  size_t result = 0;
  float* memory = nullptr;  // where the result lies in the arena
  std::optional<reference::Carried> carried = {};
};

class ReferenceExecutable : public Executable {
 public:
  static Result<std::unique_ptr<Executable>> load(const Segment& segment,
                                                  int64_t memory_limit_bytes) {
    const Graph& graph = segment.graph;
    TESSERA_TRY_VOID(validate(graph, graph.form()));
    auto executable = std::make_unique<ReferenceExecutable>();
    executable->take_steps(graph, segment.carried);
    TESSERA_TRY_VOID(executable->place_values(graph, memory_limit_bytes));
    return std::unique_ptr<Executable>(std::move(executable));
  }

  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs) override {
    TESSERA_TRY_VOID(check_values(signature_, inputs, outputs));
    for (size_t i = 0; i < inputs.size(); ++i) values_[inputs_[i]].values = inputs[i].data();
    size_t delivered = deliver(0, 0, outputs);
    for (size_t done = 0; done < steps_.size(); ++done) {
      Step& step = steps_[done];
      sources_.clear();
      for (size_t operand : step.operands) sources_.push_back(values_[operand]);
      const reference::Target target{step.memory, values_[step.result].shape};
      if (step.carried) {
        reference::evaluate_carried(step.op, sources_[0], target, *step.carried);
      } else {
        reference::evaluate(step.op, sources_, target);
      }
      delivered = deliver(delivered, done + 1, outputs);
    }
    return {};
  }

  void reset() override {
    for (Step& step : steps_) {
      if (step.carried) step.carried->reset();
    }
  }
  void trim() override { arena_.trim(); }
  int64_t arena_bytes() const override { return arena_.size_bytes(); }

 private:
  void take_steps(const Graph& graph, const CarriedNodes* carried) {
    signature_ = signature_of(graph);
    for (NodeId id : graph.inputs()) inputs_.push_back(slot(id));
    values_.resize(static_cast<size_t>(graph.id_limit()));
    // Number of steps after which a value exists; 0 for inputs and constants.
    std::vector<size_t> ready(values_.size(), 0);
    size_t most_operands = 0;
    for (NodeId id : graph.order()) {
      const Node& node = graph.node(id);
      values_[slot(id)].shape = node.shape;
      if (const auto* constant = std::get_if<Constant>(&node.op)) {
        constants_.push_back(constant->value);
        values_[slot(id)].values = constant->value.data();
      } else if (!std::holds_alternative<Input>(node.op)) {
        Step step{.op = node.op, .operands = {}, .result = slot(id)};
        for (NodeId input : node.inputs) step.operands.push_back(slot(input));
        if (carried != nullptr && carried->contains(node.name))
          step.carried.emplace(carried->at(node.name), values_[step.operands[0]].shape);
        most_operands = std::max(most_operands, step.operands.size());
        steps_.push_back(std::move(step));
        ready[slot(id)] = steps_.size();
      }
    }
    sources_.reserve(most_operands);
    for (size_t port = 0; port < graph.outputs().size(); ++port) {
      const size_t value = slot(graph.outputs()[port].node);
      deliveries_.push_back({value, port, ready[value]});
    }
    std::stable_sort(
        deliveries_.begin(), deliveries_.end(),
        [](const Delivery& a, const Delivery& b) { return a.after_steps < b.after_steps; });
  }

  // A result lives from the step that makes it to the last one that reads it. Outputs are copied
  // out as soon as they exist.
  Result<void> place_values(const Graph& graph, int64_t memory_limit_bytes) {
    std::vector<BufferLife> lives;
    std::vector<size_t> life_of(values_.size(), 0);
    for (size_t i = 0; i < steps_.size(); ++i) {
      const auto now = static_cast<int64_t>(i);
      for (size_t operand : steps_[i].operands) {
        if (const Op& op = graph.node(NodeId{static_cast<int32_t>(operand)}).op;
            !std::holds_alternative<Input>(op) && !std::holds_alternative<Constant>(op))
          lives[life_of[operand]].last_step = now;
      }
      life_of[steps_[i].result] = lives.size();
      const int64_t bytes =
          values_[steps_[i].result].shape.size() * static_cast<int64_t>(sizeof(float));
      lives.push_back({bytes, now, now});
    }
    TESSERA_TRY(const ArenaPlan plan, plan_arena(lives, memory_limit_bytes));
    TESSERA_TRY(arena_, Arena::create(plan.size_bytes));
    for (size_t i = 0; i < steps_.size(); ++i) {
      steps_[i].memory = reinterpret_cast<float*>(arena_.at(plan.offsets[i]));
      values_[steps_[i].result].values = steps_[i].memory;
    }
    return {};
  }

  // Copies the outputs that exist after `steps_done` steps, from the first undelivered one on.
  size_t deliver(size_t next, size_t steps_done, std::span<const Values> outputs) const {
    for (; next < deliveries_.size() && deliveries_[next].after_steps == steps_done; ++next) {
      const reference::Source& value = values_[deliveries_[next].value];
      std::copy_n(value.values, value.shape.size(), outputs[deliveries_[next].port].data());
    }
    return next;
  }

  Signature signature_;
  std::vector<size_t> inputs_;              // values, by node id
  std::vector<reference::Source> values_;   // by node id
  std::vector<Tensor> constants_;           // kept alive: values point into them
  std::vector<Step> steps_;                 // in graph order
  std::vector<Delivery> deliveries_;        // in order of their steps
  std::vector<reference::Source> sources_;  // operands of the running step
  Arena arena_;
};

class ReferenceBackend : public Backend {
 public:
  explicit ReferenceBackend(const BackendOptions& options)
      : memory_limit_bytes_(options.memory_limit_bytes) {}

  DeviceInfo probe() const override {
    return {.backend = "reference",
            .available = true,
            .description = "scalar loops, float64 accumulators",
            .reason = "",
            .threads = 1};
  }

  Arithmetic arithmetic() const override { return Arithmetic::float32; }

  Result<std::unique_ptr<Executable>> load(const Segment& segment) override {
    TESSERA_TRY_VOID(check_float_segment(segment, "reference"));
    return ReferenceExecutable::load(segment, memory_limit_bytes_);
  }

 private:
  int64_t memory_limit_bytes_;
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend(const BackendOptions& options) {
  return std::make_unique<ReferenceBackend>(options);
}

}  // namespace tessera
