// The plugin's executable and what it exports. libtorch throws: everything that calls it converts.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <sched.h>
#include <torch/csrc/api/include/torch/version.h>

#include <algorithm>

#include <fmt/format.h>

#include "backends/float_segment.h"
#include "backends/torch/plugin/arithmetic.h"
#include "backends/torch/plugin_interface.h"
#include "graph/slot.h"
#include "run/arena.h"
#include "tessera/backend.h"

namespace tessera::torch_plugin {
namespace {

struct Step {
  Op op;
  std::string name;
  std::vector<size_t> operands;  // values, by node id
  size_t result = 0;
  std::vector<size_t> done_with;  // values that no later step and no output reads
};

// libtorch has one message for each of its many reasons and one exception for all of them.
Error from_exception(const std::exception& exception, const std::string& node) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&exception);
  std::string what =
      torch_error != nullptr ? torch_error->what_without_backtrace() : exception.what();
  if (what.find("allocate memory") != std::string::npos) {
    return TESSERA_ERROR(kResourceLimit, node, fmt::format("libtorch: {}", what),
                         "process a shorter input");
  }
  return TESSERA_ERROR(kUnsupported, node, fmt::format("libtorch refused: {}", what),
                       "choose another backend, such as cpu");
}

class TorchExecutable : public Executable {
 public:
  TorchExecutable(const Graph& graph, int threads)
      : signature_(signature_of(graph)), threads_(threads) {
    for (NodeId id : graph.inputs()) inputs_.push_back(slot(id));
    for (const GraphOutput& output : graph.outputs()) outputs_.push_back(slot(output.node));
    values_.resize(static_cast<size_t>(graph.id_limit()));
    for (NodeId id : graph.order()) {
      const Node& node = graph.node(id);
      if (std::holds_alternative<Input>(node.op)) continue;
      Step step{node.op, node.name, {}, slot(id), {}};
      for (NodeId input : node.inputs) step.operands.push_back(slot(input));
      steps_.push_back(std::move(step));
    }
    find_last_readers();
  }

  // What the values take while they live; what libtorch takes inside an operation comes on top.
  Result<void> plan_memory(const Graph& graph, int64_t memory_limit_bytes) {
    std::vector<BufferLife> lives;
    std::vector<size_t> life_of(values_.size());
    for (size_t i = 0; i < steps_.size(); ++i) {
      const auto now = static_cast<int64_t>(i);
      const Shape& shape = graph.node(NodeId{static_cast<int32_t>(steps_[i].result)}).shape;
      life_of[steps_[i].result] = lives.size();
      lives.push_back({shape.size() * static_cast<int64_t>(sizeof(float)), now,
                       static_cast<int64_t>(steps_.size())});
    }
    for (size_t i = 0; i < steps_.size(); ++i) {
      for (size_t value : steps_[i].done_with) {
        if (std::find(inputs_.begin(), inputs_.end(), value) == inputs_.end())
          lives[life_of[value]].last_step = static_cast<int64_t>(i);
      }
    }
    TESSERA_TRY(const ArenaPlan plan, plan_arena(lives, memory_limit_bytes));
    arena_bytes_ = plan.size_bytes;
    return {};
  }

  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs) override {
    TESSERA_TRY_VOID(check_values(signature_, inputs, outputs));
    const Step* at = nullptr;
    try {
      const c10::InferenceMode no_gradients;
      if (at::get_num_threads() != threads_) at::set_num_threads(threads_);
      for (size_t i = 0; i < inputs.size(); ++i) take_input(i, inputs[i]);
      for (const Step& step : steps_) {
        at = &step;
        evaluate_step(step);
      }
      for (size_t i = 0; i < outputs.size(); ++i) {
        const at::Tensor value = values_[outputs_[i]].contiguous();
        std::copy_n(value.data_ptr<float>(), value.numel(), outputs[i].begin());
      }
      for (at::Tensor& value : values_) value.reset();
    } catch (const std::exception& exception) {
      for (at::Tensor& value : values_) value.reset();
      return from_exception(exception, at != nullptr ? at->name : "inputs");
    }
    return {};
  }

  int64_t arena_bytes() const override { return arena_bytes_; }

 private:
  void find_last_readers() {
    std::vector<bool> read_later(values_.size(), false);
    for (size_t output : outputs_) read_later[output] = true;
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      std::vector<size_t> touched = step->operands;
      touched.push_back(step->result);
      for (size_t value : touched) {
        if (!read_later[value]) step->done_with.push_back(value);
        read_later[value] = true;
      }
    }
  }

  void take_input(size_t port, ConstValues input) {
    const Shape& shape = signature_.inputs[port].shape;
    // Only ever read: from_blob takes no const pointer.
    values_[inputs_[port]] =
        at::from_blob(const_cast<float*>(input.data()), {1, shape.c, shape.h, shape.w}, at::kFloat);
  }

  void evaluate_step(const Step& step) {
    operands_.clear();
    for (size_t operand : step.operands) operands_.push_back(values_[operand]);
    values_[step.result] = evaluate(step.op, operands_);
    operands_.clear();
    for (size_t value : step.done_with) values_[value].reset();
  }

  Signature signature_;
  int threads_;
  std::vector<size_t> inputs_;
  std::vector<size_t> outputs_;
  std::vector<at::Tensor> values_;  // by node id; those that live now
  std::vector<at::Tensor> operands_;
  std::vector<Step> steps_;
  int64_t arena_bytes_ = 0;
};

int usable_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return 1;
}

class TorchBackend : public Backend {
 public:
  explicit TorchBackend(const BackendOptions& options)
      : threads_(options.threads > 0 ? options.threads : usable_processors()),
        memory_limit_bytes_(options.memory_limit_bytes) {}

  DeviceInfo probe() const override {
    return {.backend = "torch",
            .available = true,
            .description = fmt::format("libtorch {}, float32", TORCH_VERSION),
            .reason = "",
            .threads = threads_};
  }

  Arithmetic arithmetic() const override { return Arithmetic::float32; }

  Result<std::unique_ptr<Executable>> load(const Segment& segment) override {
    TESSERA_TRY_VOID(check_float_segment(segment, "torch"));
    TESSERA_TRY_VOID(check_nothing_carried(segment, "torch"));
    TESSERA_TRY_VOID(validate(segment.graph, segment.graph.form()));
    auto executable = std::make_unique<TorchExecutable>(segment.graph, threads_);
    TESSERA_TRY_VOID(executable->plan_memory(segment.graph, memory_limit_bytes_));
    return std::unique_ptr<Executable>(std::move(executable));
  }

 private:
  int threads_;
  int64_t memory_limit_bytes_;
};

}  // namespace
}  // namespace tessera::torch_plugin

extern "C" {
__attribute__((visibility("default"))) const char* tessera_torch_identity() {
  static const std::string text = tessera::torch_plugin::identity();
  return text.c_str();
}

__attribute__((visibility("default"))) tessera::Backend* tessera_torch_make(
    const tessera::BackendOptions* options) {
  return new tessera::torch_plugin::TorchBackend(*options);
}
}
