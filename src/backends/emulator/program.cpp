#include "backends/emulator/program.h"

#include <algorithm>

namespace tessera::emulator {

Result<std::unique_ptr<Executable>> Program::load(const Graph& graph, const Encodings& encodings,
                                                  int64_t memory_limit_bytes) {
  TESSERA_TRY_VOID(verify(graph, graph.stage()));
  auto program = std::make_unique<Program>();
  program->signature_ = signature_of(graph);
  TESSERA_TRY(program->lowered_, lower(graph, encodings));
  TESSERA_TRY_VOID(program->place_values(memory_limit_bytes));
  return std::unique_ptr<Executable>(std::move(program));
}

// A result lives from the step that makes it to the last that reads it, outputs to the end.
Result<void> Program::place_values(int64_t memory_limit_bytes) {
  auto& [values, steps, inputs, outputs, constants] = *lowered_;
  const auto last = static_cast<int64_t>(steps.size());
  constexpr size_t kNone = static_cast<size_t>(-1);
  std::vector<BufferLife> lives;
  std::vector<size_t> life_of(values.size(), kNone);
  std::vector<size_t> scratch_of(steps.size(), kNone);
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto now = static_cast<int64_t>(i);
    for (size_t operand : steps[i].operands) {
      if (life_of[operand] != kNone) lives[life_of[operand]].last_step = now;
    }
    life_of[steps[i].result] = lives.size();
    lives.push_back({values[steps[i].result].bytes(), now, now});
    if (steps[i].step->scratch_bytes == 0) continue;
    scratch_of[i] = lives.size();
    lives.push_back({steps[i].step->scratch_bytes, now, now});
  }
  for (size_t output : outputs) {
    if (life_of[output] != kNone) lives[life_of[output]].last_step = last;
  }
  TESSERA_TRY(const ArenaPlan plan, plan_arena(lives, memory_limit_bytes));
  TESSERA_TRY(arena_, Arena::create(plan.size_bytes));
  for (size_t i = 0; i < steps.size(); ++i) {
    Value& result = values[steps[i].result];
    result.memory = arena_.at(plan.offsets[life_of[steps[i].result]]);
    result.data = result.memory;
    if (scratch_of[i] != kNone) steps[i].step->scratch = arena_.at(plan.offsets[scratch_of[i]]);
  }
  return {};
}

Result<void> Program::run(std::span<const ConstValues> inputs, std::span<const Values> outputs) {
  TESSERA_TRY_VOID(check_values(signature_, inputs, outputs));
  for (size_t i = 0; i < inputs.size(); ++i)
    lowered_->values[lowered_->inputs[i]].data = inputs[i].data();
  for (const LoweredStep& step : lowered_->steps) step.step->run();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Value& value = lowered_->values[lowered_->outputs[i]];
    if (!value.coding) {
      std::copy_n(value.floats().values, value.shape.size(), outputs[i].data());
      continue;
    }
    with_code(*value.coding, [&]<typename Code>(Code) {
      integer::dequantize(value.codes<Code>(), *value.coding, {outputs[i].data(), value.shape});
    });
  }
  return {};
}

}  // namespace tessera::emulator
