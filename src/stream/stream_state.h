// What a StreamingSession holds: the step graph, its state between steps, and where its frames go.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/ref/time_tile.h"
#include "stream/block_ring.h"
#include "stream/step_graph.h"
#include "stream/stream_lengths.h"
#include "tessera/streaming.h"

namespace tessera {

// Where the frames of one output go during a push() or finish().
struct StreamDestination {
  Values values;         // [C, H, width]
  int64_t width = 0;     // frames that fit
  int64_t written = 0;   // frames
  int64_t computed = 0;  // frames from here on are zeros
};

struct StreamingSession::State {
  LoadedNetwork network;
  int64_t built_samples = 0;
  GlobalNorms norms = GlobalNorms::refuse;
  stream::StepGraph step;
  std::unique_ptr<Executable> executable;
  std::string backend;
  Arithmetic arithmetic = Arithmetic::float32;
  std::vector<Note> notes;
  std::vector<Port> ports;  // one frame each
  int64_t look_ahead = 0;

  std::vector<stream::BlockRing> rings;    // by StepGraph::kept
  std::vector<std::vector<float>> masks;   // by StepGraph::masks
  std::vector<std::vector<float>> blocks;  // by StepGraph::outputs
  std::vector<ConstValues> input_views;
  std::vector<Values> output_views;
  std::vector<StreamDestination> destinations;  // by StepGraph::outputs

  int64_t samples = 0;  // taken
  int64_t steps = 0;    // run
  bool finished = false;
  std::optional<stream::StreamLengths> lengths;  // once the end is known

  // Everything above but the network, which is there.
  Result<void> load(Backend& made, const StreamingOptions& options);
  // What is kept between steps; `limit_bytes` as in StreamingOptions.
  Result<void> check_memory(int64_t limit_bytes) const;
  void allocate();
  void reset();

  int64_t channels() const { return rows_of(step.kept[0].block); }
  static int64_t rows_of(const Shape& block) { return block.c * block.h; }
  int64_t steps_after(int64_t total) const {
    return std::max(int64_t{0}, reference::floor_div(total - step.advance, step.step_frames));
  }
  // Frames of an output that are complete after so many steps.
  static int64_t frames_of(const stream::StepOutput& output, int64_t steps_run) {
    return std::max(int64_t{0}, steps_run * output.block.w - output.delay);
  }

  // Refuses what push() refuses.
  Result<void> check_push(ConstValues values, std::span<const Values> outputs) const;
  // Lays samples into the input's blocks and runs every step whose block is full.
  Result<void> take(ConstValues values);
  // Evaluates the step graph on the blocks of step `steps` and delivers its frames.
  Result<void> run_step();
  void set_masks();
  // Copies what of an output's block exists to its destination.
  void deliver(size_t output);
  Result<void> check_end() const;
  // Runs the steps that are left, on zeros, once the lengths are known.
  Result<std::vector<StreamedFrames>> end();
};

}  // namespace tessera
