#include "backends/emulator/program.h"

#include <algorithm>

namespace tessera::emulator {

Result<std::unique_ptr<Executable>> Program::load(const Segment& segment,
                                                  const simd::IntegerKernels& kernels,
                                                  const ProgramOptions& options) {
  const Graph& graph = segment.graph;
  TESSERA_TRY_VOID(validate(graph, graph.form()));
  auto program = std::make_unique<Program>(options.threads);
  program->signature_ = signature_of(graph);
  TESSERA_TRY(program->lowered_, lower(graph, *segment.encodings, kernels, segment.carried));
  program->group_steps();
  TESSERA_TRY_VOID(program->place_values(options.memory_limit_bytes));
  return std::unique_ptr<Executable>(std::move(program));
}

void Program::reset() {
  for (LoweredStep& step : lowered_->steps) step.step->reset();
}

// The value whose memory it lies in.
size_t Program::storage_of(size_t value) const {
  const auto& values = lowered_->values;
  while (values[value].part_of) value = values[value].part_of->value;
  return value;
}

// Channels of a part are not those of what it is part of.
bool Program::joins(const Group& group, const LoweredStep& next) const {
  const std::vector<Value>& values = lowered_->values;
  const Step& last = *lowered_->steps[group.last - 1].step;
  return last.channels_per_item > 0 && next.step->channels_per_item == last.channels_per_item &&
         next.step->items == last.items &&
         std::none_of(next.operands.begin(), next.operands.end(),
                      [&](size_t operand) { return values[operand].part_of.has_value(); });
}

void Program::group_steps() {
  const auto& steps = lowered_->steps;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (groups_.empty() || !joins(groups_.back(), steps[i])) {
      groups_.push_back({i, i, steps[i].step->items});
    }
    groups_.back().last = i + 1;
  }
}

// A result lives from the group that makes it to the last that reads it. What is asked for is
// written where the caller wants it.
Result<void> Program::place_values(int64_t memory_limit_bytes) {
  auto& [values, steps, inputs, outputs, constants] = *lowered_;
  constexpr size_t kNone = static_cast<size_t>(-1);
  std::vector<BufferLife> lives;
  std::vector<size_t> life_of(values.size(), kNone);
  for (size_t g = 0; g < groups_.size(); ++g) {
    const auto now = static_cast<int64_t>(g);
    for (size_t i = groups_[g].first; i < groups_[g].last; ++i) {
      for (size_t operand : steps[i].operands) {
        const size_t life = life_of[storage_of(operand)];
        if (life != kNone) lives[life].last_step = now;
      }
      scratch_bytes_ = std::max(scratch_bytes_, steps[i].step->scratch_bytes);
      if (!steps[i].result || std::count(outputs.begin(), outputs.end(), *steps[i].result) > 0)
        continue;
      life_of[*steps[i].result] = lives.size();
      lives.push_back({values[*steps[i].result].bytes(), now, now});
    }
  }
  TESSERA_TRY(const ArenaPlan plan, plan_arena(lives, memory_limit_bytes));
  TESSERA_TRY(arena_, Arena::create(plan.size_bytes));
  scratch_bytes_ =
      (scratch_bytes_ + kArenaAlignmentBytes - 1) / kArenaAlignmentBytes * kArenaAlignmentBytes;
  TESSERA_TRY(scratch_, Arena::create(scratch_bytes_ * static_cast<int64_t>(pool_.size())));
  for (size_t i = 0; i < values.size(); ++i) {
    if (life_of[i] == kNone) continue;
    values[i].memory = arena_.at(plan.offsets[life_of[i]]);
    values[i].data = values[i].memory;
  }
  return {};
}

// By one thread, while the others wait.
void Program::begin_group() {
  if (group_ < groups_.size()) queue_.reset(static_cast<size_t>(groups_[group_].items));
}

void Program::work(size_t thread) {
  std::byte* const scratch = scratch_.at(static_cast<int64_t>(thread) * scratch_bytes_);
  for (const Group& group : groups_) {
    for (size_t item = 0; queue_.take(thread, item);) {
      for (size_t i = group.first; i < group.last; ++i)
        lowered_->steps[i].step->run(static_cast<int64_t>(item), scratch);
    }
    pool_.barrier(
        [](void* self) {
          auto* const program = static_cast<Program*>(self);
          ++program->group_;
          program->begin_group();
        },
        this);
  }
}

// Inputs and outputs lie elsewhere in every run, and with them what is part of them.
void Program::find_borders(std::span<const ConstValues> inputs, std::span<const Values> outputs) {
  auto& values = lowered_->values;
  for (size_t i = 0; i < inputs.size(); ++i) values[lowered_->inputs[i]].data = inputs[i].data();
  for (size_t i = 0; i < outputs.size(); ++i)
    values[lowered_->outputs[i]].memory = outputs[i].data();
  for (Value& value : values) {
    if (value.part_of) value.data = values[value.part_of->value].row(value.part_of->first);
  }
}

Result<void> Program::run(std::span<const ConstValues> inputs, std::span<const Values> outputs) {
  TESSERA_TRY_VOID(check_values(signature_, inputs, outputs));
  find_borders(inputs, outputs);
  group_ = 0;
  begin_group();
  pool_.run([](size_t thread, void* self) { static_cast<Program*>(self)->work(thread); }, this);
  return {};
}

}  // namespace tessera::emulator
