#include "compile/piece_samples.h"

#include <algorithm>
#include <memory>

#include "tessera/session.h"

namespace tessera {
namespace {

// Takes every so-manieth call of a piece in a window.
class Recorder {
 public:
  Recorder(std::vector<InputSamples>& samples, int64_t calls, int64_t wanted)
      : samples_(samples),
        stride_(std::max<int64_t>(1, calls / std::max<int64_t>(1, wanted))),
        wanted_(wanted) {}

  void begin_window(int64_t most) {
    call_ = 0;
    left_ = std::min(wanted_, most - (samples_.empty() ? 0 : samples_[0].count));
  }

  void see(std::span<const ConstValues> inputs) {
    if (call_++ % stride_ != 0 || left_ <= 0) return;
    --left_;
    for (size_t i = 0; i < inputs.size(); ++i) append(inputs[i], samples_[i]);
  }

 private:
  // [C, H, W] -> [H, W, C].
  static void append(ConstValues values, InputSamples& samples) {
    const Shape& s = samples.shape;
    const size_t begin = samples.values.size();
    samples.values.resize(begin + static_cast<size_t>(s.size()));
    float* out = samples.values.data() + begin;
    const int64_t plane = s.h * s.w;
    for (int64_t at = 0; at < plane; ++at) {
      for (int64_t c = 0; c < s.c; ++c) *out++ = values[static_cast<size_t>(c * plane + at)];
    }
    ++samples.count;
  }

  std::vector<InputSamples>& samples_;
  int64_t stride_;
  int64_t wanted_;  // of one window
  int64_t call_ = 0;
  int64_t left_ = 0;
};

class RecordingExecutable final : public Executable {
 public:
  RecordingExecutable(std::unique_ptr<Executable> inner, Recorder& recorder)
      : inner_(std::move(inner)), recorder_(recorder) {}

  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs) override {
    recorder_.see(inputs);
    return inner_->run(inputs, outputs);
  }
  void reset() override { inner_->reset(); }
  void trim() override { inner_->trim(); }
  int64_t arena_bytes() const override { return inner_->arena_bytes(); }

 private:
  std::unique_ptr<Executable> inner_;
  Recorder& recorder_;
};

// Knows the pieces of a plan by the address of their graph.
class RecordingBackend final : public Backend {
 public:
  RecordingBackend(Backend& inner, const std::map<const Graph*, Recorder*>& recorders)
      : inner_(inner), recorders_(recorders) {}

  DeviceInfo probe() const override { return inner_.probe(); }
  Arithmetic arithmetic() const override { return inner_.arithmetic(); }
  Result<std::unique_ptr<Executable>> load(const Segment& segment) override {
    TESSERA_TRY(std::unique_ptr<Executable> inner, inner_.load(segment));
    const auto found = recorders_.find(&segment.graph);
    if (found == recorders_.end()) return inner;
    return std::unique_ptr<Executable>(
        std::make_unique<RecordingExecutable>(std::move(inner), *found->second));
  }

 private:
  Backend& inner_;
  const std::map<const Graph*, Recorder*>& recorders_;
};

Result<std::vector<ConstValues>> inputs_of(const Graph& graph, const std::vector<float>& window) {
  std::vector<ConstValues> inputs;
  size_t at = 0;
  for (const NodeId id : graph.inputs()) {
    const auto size = static_cast<size_t>(graph.node(id).shape.size());
    if (window.size() - at < size) break;
    inputs.emplace_back(window.data() + at, size);
    at += size;
  }
  if (inputs.size() == graph.inputs().size() && at == window.size()) return inputs;
  return TESSERA_ERROR(kInvalidArgument, "calibration",
                       "a window is not of the size of the network's inputs",
                       "give recordings, or arrays of the length that the package was built for");
}

}  // namespace

Result<PieceSamples> gather_piece_samples(
    const Plan& plan, Backend& backend, std::span<const std::vector<float>> windows, int64_t count,
    const std::function<bool(int64_t done, int64_t all)>& progress) {
  PieceSamples samples;
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::map<const Graph*, Recorder*> by_graph;
  const auto all = static_cast<int64_t>(windows.size());
  const int64_t per_window = all == 0 ? 0 : (count + all - 1) / all;
  for (const ChipSegment& segment : plan.segments) {
    for (size_t i = 0; i < segment.pieces.size(); ++i) {
      const Piece& piece = segment.pieces[i];
      std::vector<InputSamples>& own = samples[piece.name];
      for (const NodeId id : piece.graph.inputs())
        own.push_back({piece.graph.node(id).shape, 0, {}});
      const auto calls = std::count_if(
          segment.calls.begin(), segment.calls.end(),
          [&](const PieceCall& call) { return static_cast<size_t>(call.piece) == i; });
      recorders.push_back(std::make_unique<Recorder>(own, calls, per_window));
      by_graph[&piece.graph] = recorders.back().get();
    }
  }
  RecordingBackend recording(backend, by_graph);
  TESSERA_TRY(const auto stitched, StitchedExecutable::load(plan, recording));
  std::vector<std::vector<float>> memory;
  for (const GraphOutput& output : plan.graph.outputs()) {
    memory.emplace_back(static_cast<size_t>(plan.graph.node(output.node).shape.size()));
  }
  const std::vector<Values> outputs(memory.begin(), memory.end());
  for (int64_t i = 0; i < all; ++i) {
    for (const auto& recorder : recorders) recorder->begin_window(count);
    TESSERA_TRY(const auto inputs, inputs_of(plan.graph, windows[static_cast<size_t>(i)]));
    TESSERA_TRY_VOID(stitched->run(inputs, outputs));
    if (progress && !progress(i + 1, all)) {
      return TESSERA_ERROR(kCancelled, "calibration", "stopped", "");
    }
  }
  return samples;
}

}  // namespace tessera
