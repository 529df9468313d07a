#include "stream/stream_state.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/counted.h"
#include "tessera/compiler/analysis.h"

namespace tessera {
namespace {

using reference::ceil_div;
using reference::floor_div;
using stream::BlockRing;
using stream::FrameMask;
using stream::StepInput;
using stream::StepOutput;

// Copies `frames` frames of every row from one [rows, from_width] to another of `to_width`.
void copy_frames(ConstValues from, int64_t from_width, int64_t from_begin, Values to,
                 int64_t to_width, int64_t to_begin, int64_t frames) {
  const int64_t rows = from_width == 0 ? 0 : static_cast<int64_t>(from.size()) / from_width;
  for (int64_t row = 0; row < rows; ++row) {
    std::copy_n(from.data() + row * from_width + from_begin, frames,
                to.data() + row * to_width + to_begin);
  }
}

}  // namespace

Result<void> StreamingSession::State::load(Backend& made, const StreamingOptions& options) {
  const DeviceInfo info = made.probe();
  backend = info.backend;
  arithmetic = made.arithmetic();
  if (!made.artifact_format().empty()) {
    return TESSERA_ERROR(kUnsupported, fmt::format("backend '{}'", backend),
                         "runs compiled pieces of whole sequences, not steps of a stream",
                         "use the cpu or the emulator backend");
  }
  const bool in_integers = arithmetic == Arithmetic::integer;
  if (in_integers && !network.encodings) {
    return TESSERA_ERROR(kInvalidArgument, fmt::format("backend '{}'", backend),
                         "computes in integers; this network was not quantised",
                         "use the cpu backend, or build a package with BuildOptions::integers");
  }
  norms = options.global_norms;
  TESSERA_TRY(const Graph graph, stream::streamed_graph(network, norms));
  const Encodings* encodings = in_integers ? &*network.encodings : nullptr;
  built_samples = network.model.length_samples;
  TESSERA_TRY(step, stream::make_step_graph(graph, encodings, options.step_samples));
  TESSERA_TRY_VOID(stream::check_other_length(network, step, norms, built_samples));
  TESSERA_TRY_VOID(check_memory(options.memory_limit_bytes));
  TESSERA_TRY(executable, made.load({.graph = step.graph,
                                     .encodings = in_integers ? &step.encodings : nullptr,
                                     .carried = &step.carried}));
  notes = network.model.notes;
  if (const int64_t running = stream::global_norms_of(network.graph());
      norms == GlobalNorms::running && running > 0) {
    notes.push_back({NoteSeverity::warning,
                     fmt::format("{} with the statistics of what came so far: another function "
                                 "than the network's",
                                 counted(running, "global norm"))});
  }
  if (auto ignored = network.ignored_integers(made)) {
    ignored->text = fmt::format("the network {}", ignored->text);
    notes.push_back(std::move(*ignored));
  }
  const Dependence dependence =
      tessera::dependence(graph, graph.inputs()[0], graph.outputs()[0].node);
  look_ahead = std::max(int64_t{0}, dependence.look_ahead() - dependence.framing);
  allocate();
  return {};
}

Result<void> StreamingSession::State::check_memory(int64_t limit_bytes) const {
  constexpr int64_t kMaxStateBytes = int64_t{1} << 32;  // where no limit is given
  const int64_t limit = limit_bytes > 0 ? limit_bytes : kMaxStateBytes;
  int64_t bytes = 0;
  for (const stream::KeptValue& value : step.kept) {
    const int64_t block = value.block.size() * static_cast<int64_t>(sizeof(float));
    if (block > (limit - bytes) / (value.depth + 1)) {
      return TESSERA_ERROR(kResourceLimit, fmt::format("node '{}'", value.name),
                           fmt::format("is kept for {} steps of {} bytes: the stream's state would "
                                       "exceed {} bytes",
                                       value.depth, block, limit),
                           "raise StreamingOptions::memory_limit_bytes");
    }
    bytes += block * (value.depth + 1);
  }
  return {};
}

void StreamingSession::State::allocate() {
  for (const stream::KeptValue& value : step.kept) rings.emplace_back(value.block, value.depth);
  for (const FrameMask& mask : step.masks) masks.emplace_back(static_cast<size_t>(mask.frames));
  for (const StepOutput& output : step.outputs) {
    blocks.emplace_back(static_cast<size_t>(output.block.size()));
    ports.push_back({output.name, {output.block.c, output.block.h, 1}});
  }
  input_views.resize(step.inputs.size());
  output_views.resize(step.outputs.size() + step.kept.size() - 1);
  destinations.resize(step.outputs.size());
}

void StreamingSession::State::reset() {
  executable->reset();
  for (BlockRing& ring : rings) ring.clear();
  samples = steps = 0;
  finished = false;
  lengths.reset();
}

Result<void> StreamingSession::State::check_push(ConstValues values,
                                                 std::span<const Values> outputs) const {
  if (finished) {
    return TESSERA_ERROR(kInvalidArgument, "stream", "has ended", "reset() begins another");
  }
  const auto rows = static_cast<size_t>(channels());
  if (values.size() % rows != 0) {
    return TESSERA_ERROR(kInvalidArgument, "samples",
                         fmt::format("{} values are no whole frames of {}", values.size(), rows),
                         "");
  }
  const size_t count = values.size() / rows;
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    return TESSERA_ERROR(kCorrupt,
                         fmt::format("sample {}", samples + static_cast<int64_t>(i % count)),
                         fmt::format("is {}, which no sound is", values[i]),
                         "none of these samples was taken; give finite ones");
  }
  if (outputs.size() != ports.size()) {
    return TESSERA_ERROR(kInvalidArgument, "outputs",
                         fmt::format("{} given, the network has {}", outputs.size(), ports.size()),
                         "");
  }
  const int64_t after = steps_after(samples + static_cast<int64_t>(count));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const StepOutput& output = step.outputs[i];
    const int64_t frames = frames_of(output, after) - frames_of(output, steps);
    const auto needed = static_cast<size_t>(frames * rows_of(output.block));
    if (outputs[i].size() == needed) continue;
    return TESSERA_ERROR(
        kInvalidArgument, fmt::format("output '{}'", output.name),
        fmt::format("has room for {} values; these samples give {}", outputs[i].size(), needed),
        "ask frames_after()");
  }
  return {};
}

// Blocks before the first hold the samples that the first step finds there already.
Result<void> StreamingSession::State::take(ConstValues values) {
  const int64_t count = static_cast<int64_t>(values.size()) / channels();
  for (int64_t done = 0; done < count;) {
    const int64_t position = samples - step.advance;
    const int64_t block = floor_div(position, step.step_frames);
    const int64_t begin = position - block * step.step_frames;
    const int64_t frames = std::min(count - done, step.step_frames - begin);
    if (-block <= rings[0].depth()) {
      copy_frames(values, count, done, rings[0].at(block), step.step_frames, begin, frames);
    }
    samples += frames;
    done += frames;
    if (block >= 0 && begin + frames == step.step_frames) TESSERA_TRY_VOID(run_step());
  }
  return {};
}

void StreamingSession::State::set_masks() {
  for (size_t i = 0; i < masks.size(); ++i) {
    const FrameMask& mask = step.masks[i];
    const int64_t first = steps * mask.frames - mask.delay;
    for (int64_t f = 0; f < mask.frames; ++f) {
      const bool exists = first + f >= 0 && (!lengths || first + f < lengths->masked[i]);
      masks[i][static_cast<size_t>(f)] = exists ? 1.0f : 0.0f;
    }
  }
}

Result<void> StreamingSession::State::run_step() {
  set_masks();
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    const StepInput& input = step.inputs[i];
    switch (input.kind) {
      case StepInput::Kind::samples: input_views[i] = rings[0].at(steps); break;
      case StepInput::Kind::earlier:
        input_views[i] = rings[input.index].at(steps - input.steps_ago);
        break;
      case StepInput::Kind::mask: input_views[i] = masks[input.index]; break;
    }
  }
  for (size_t i = 0; i < blocks.size(); ++i) output_views[i] = blocks[i];
  for (size_t i = 1; i < rings.size(); ++i)
    output_views[blocks.size() + i - 1] = rings[i].at(steps);
  TESSERA_TRY_VOID(executable->run(input_views, output_views));
  for (size_t i = 0; i < step.outputs.size(); ++i) deliver(i);
  ++steps;
  return {};
}

void StreamingSession::State::deliver(size_t output) {
  const StepOutput& of = step.outputs[output];
  StreamDestination& to = destinations[output];
  const int64_t first = steps * of.block.w - of.delay;
  const int64_t skipped = std::clamp(-first, int64_t{0}, of.block.w);
  const int64_t frames = std::min(of.block.w - skipped, to.width - to.written);
  if (frames <= 0) return;
  copy_frames(blocks[output], of.block.w, skipped, to.values, to.width, to.written, frames);
  const int64_t known = std::clamp(to.computed - to.written, int64_t{0}, frames);
  for (int64_t row = 0; row < rows_of(of.block); ++row)
    std::fill_n(to.values.data() + row * to.width + to.written + known, frames - known, 0.0f);
  to.written += frames;
}

// A frame that does not exist must not have been returned, nor gone into later ones as if it did.
Result<void> StreamingSession::State::check_end() const {
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    if (frames_of(step.outputs[i], steps) <= lengths->outputs[i].frames) continue;
    return TESSERA_ERROR(kUnsupported, fmt::format("output '{}'", step.outputs[i].name),
                         fmt::format("has {} frames, fewer than were returned before the end was "
                                     "known",
                                     lengths->outputs[i].frames),
                         "separate windows of the recording instead");
  }
  for (size_t i = 0; i < step.masks.size(); ++i) {
    const FrameMask& mask = step.masks[i];
    if (steps * mask.frames - mask.delay <= lengths->masked[i]) continue;
    return TESSERA_ERROR(kUnsupported, fmt::format("node '{}'", mask.value),
                         fmt::format("ends after {} frames, more than which were computed before "
                                     "the end was known",
                                     lengths->masked[i]),
                         "separate windows of the recording instead");
  }
  return {};
}

Result<std::vector<StreamedFrames>> StreamingSession::State::end() {
  TESSERA_TRY(lengths, stream::stream_lengths(network, step, norms, built_samples, samples));
  TESSERA_TRY_VOID(check_end());
  std::vector<StreamedFrames> result(step.outputs.size());
  int64_t last_step = steps;
  for (size_t i = 0; i < result.size(); ++i) {
    const StepOutput& output = step.outputs[i];
    const int64_t done = frames_of(output, steps);
    const int64_t left = std::max(int64_t{0}, lengths->outputs[i].frames - done);
    result[i].shape = {output.block.c, output.block.h, left};
    result[i].values.resize(static_cast<size_t>(result[i].shape.size()));
    destinations[i] = {result[i].values, left, 0,
                       std::max(int64_t{0}, lengths->outputs[i].computed - done)};
    if (left > 0)
      last_step =
          std::max(last_step, ceil_div(lengths->outputs[i].frames + output.delay, output.block.w));
  }
  // Behind its end the signal is zero.
  const int64_t position = samples - step.advance;
  int64_t begin = position - floor_div(position, step.step_frames) * step.step_frames;
  int64_t block = floor_div(position, step.step_frames);
  for (; steps < last_step; ++block, begin = 0) {
    const Values values = -block <= rings[0].depth() ? rings[0].at(block) : Values();
    for (size_t at = 0; at < values.size(); at += static_cast<size_t>(step.step_frames)) {
      std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(at) + begin,
                  step.step_frames - begin, 0.0f);
    }
    if (block >= 0) TESSERA_TRY_VOID(run_step());
  }
  return result;
}

}  // namespace tessera
