#include "tessera/streaming.h"

#include <fmt/format.h>

#include "stream/stream_state.h"

namespace tessera {

Result<void> StreamingOptions::validate() const {
  if (threads < 0) {
    return TESSERA_ERROR(kInvalidArgument, "StreamingOptions::threads",
                         fmt::format("{} is no number of threads", threads),
                         "give 1 or more, or 0 for as many as there are");
  }
  if (step_samples < 0) {
    return TESSERA_ERROR(kInvalidArgument, "StreamingOptions::step_samples",
                         fmt::format("{} is no number of samples", step_samples),
                         "give 1 or more, or 0 for one hop of the network");
  }
  return {};
}

StreamingSession::StreamingSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamingSession::StreamingSession(StreamingSession&&) noexcept = default;
StreamingSession& StreamingSession::operator=(StreamingSession&&) noexcept = default;
StreamingSession::~StreamingSession() = default;

Result<StreamingSession> StreamingSession::open(const std::filesystem::path& path,
                                                const StreamingOptions& options) {
  TESSERA_TRY_VOID(options.validate());
  ImportOptions import;
  import.model_args = options.model_args;
  TESSERA_TRY(LoadedNetwork network, LoadedNetwork::open(path, import));
  const std::string name =
      options.backend.empty() ? std::string(network.default_backend()) : options.backend;
  TESSERA_TRY(const auto backend,
              make_backend(name, {.threads = options.threads,
                                  .memory_limit_bytes = options.memory_limit_bytes}));
  return create(std::move(network), *backend, options);
}

Result<StreamingSession> StreamingSession::create(LoadedNetwork network, Backend& backend,
                                                  const StreamingOptions& options) {
  TESSERA_TRY_VOID(options.validate());
  auto state = std::make_unique<State>();
  state->network = std::move(network);
  TESSERA_TRY_VOID(state->load(backend, options));
  return StreamingSession(std::move(state));
}

Shape StreamingSession::input_frame() const {
  const Shape& block = state_->step.kept[0].block;
  return {block.c, block.h, 1};
}
const std::vector<Port>& StreamingSession::outputs() const {
  return state_->ports;
}
int64_t StreamingSession::step_samples() const {
  return state_->step.step_frames;
}
int64_t StreamingSession::latency_samples() const {
  const stream::StepGraph& step = state_->step;
  const stream::StepOutput& output = step.outputs[0];
  const int64_t delay = reference::ceil_div(output.delay * step.step_frames, output.block.w);
  return step.step_frames + step.advance - 1 + delay;
}
int64_t StreamingSession::look_ahead_samples() const {
  return state_->look_ahead;
}
std::optional<int> StreamingSession::sample_rate() const {
  return state_->network.model.sample_rate;
}
std::string_view StreamingSession::backend() const {
  return state_->backend;
}
Arithmetic StreamingSession::arithmetic() const {
  return state_->arithmetic;
}
std::span<const Note> StreamingSession::notes() const {
  return state_->notes;
}
int64_t StreamingSession::samples_taken() const {
  return state_->samples;
}
int64_t StreamingSession::memory_bytes() const {
  int64_t bytes = state_->executable->arena_bytes();
  for (const stream::BlockRing& ring : state_->rings) bytes += ring.bytes();
  return bytes;
}

int64_t StreamingSession::frames_after(int64_t samples, size_t output) const {
  const stream::StepOutput& of = state_->step.outputs[output];
  return State::frames_of(of, state_->steps_after(state_->samples + samples)) -
         State::frames_of(of, state_->steps);
}

Result<void> StreamingSession::push(ConstValues samples, std::span<const Values> outputs) {
  State& state = *state_;
  TESSERA_TRY_VOID(state.check_push(samples, outputs));
  const int64_t count = static_cast<int64_t>(samples.size()) / state.channels();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const int64_t frames = frames_after(count, i);
    state.destinations[i] = {outputs[i], frames, 0, frames};
  }
  return state.take(samples);
}

Result<std::vector<StreamedFrames>> StreamingSession::push(ConstValues samples) {
  const int64_t count = static_cast<int64_t>(samples.size()) / state_->channels();
  std::vector<StreamedFrames> result;
  for (size_t i = 0; i < state_->ports.size(); ++i) {
    const Shape& frame = state_->ports[i].shape;
    result.push_back({{frame.c, frame.h, frames_after(count, i)}, {}});
    result.back().values.resize(static_cast<size_t>(result.back().shape.size()));
  }
  std::vector<Values> views;
  for (StreamedFrames& frames : result) views.emplace_back(frames.values);
  TESSERA_TRY_VOID(push(samples, views));
  return result;
}

Result<std::vector<StreamedFrames>> StreamingSession::finish() {
  if (state_->finished) {
    return TESSERA_ERROR(kInvalidArgument, "stream", "has ended", "reset() begins another");
  }
  state_->finished = true;
  return state_->end();
}

void StreamingSession::reset() {
  state_->reset();
}

}  // namespace tessera
