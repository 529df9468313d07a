// StreamingSession: a causal network fed as its signal arrives, in chunks of any size, with memory
// that does not grow. Chunks decide nothing: the same samples give the same bits, however they are
// divided.
//
//   TESSERA_TRY(auto stream, StreamingSession::open("net.pth"));
//   TESSERA_TRY(auto voices, stream.push(samples));  // [voices, 1, frames] that are known by now
//   TESSERA_TRY(auto rest, stream.finish());         // what the last samples complete
//
// Networks that look ahead run delayed by exactly that. A network that needs the whole recording
// (global norms, pooling over time) is refused with the name of the node.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/backend.h"
#include "tessera/package.h"
#include "tessera/result.h"

namespace tessera {

// What a stream makes of norms over the whole sequence.
enum class GlobalNorms : uint8_t {
  refuse,   // an error: their statistics are known at the end
  running,  // statistics of all frames so far: another function than the network's, which begins
            // badly and comes near it with time; noted
};

struct StreamingOptions {
  // Of a model file, as ImportOptions::model_args; a package has its own.
  std::map<std::string, std::string> model_args = {};
  // One of backend_names() that evaluates graphs. Empty: LoadedNetwork::default_backend().
  std::string backend = {};
  int threads = 1;  // a step is too short to divide; 0: as many as there are
  // Activations, and as much for the state between steps; 0: no limit of our own, 4 GiB of state.
  int64_t memory_limit_bytes = 0;
  // Samples that one evaluation takes in: rounded up to whole hops of the network. 0: one hop, the
  // least latency. More samples cost less time each and wait longer for each other.
  int64_t step_samples = 0;
  GlobalNorms global_norms = GlobalNorms::refuse;

  // Errors: kInvalidArgument; the subject is the field.
  Result<void> validate() const;
};

// Frames of one output, [C, H, frames] row-major.
struct StreamedFrames {
  Shape shape;
  std::vector<float> values;
};

// One stream at a time; one thread at a time.
class StreamingSession {
 public:
  // `path` is a model file or a package. Errors: those of StreamingOptions::validate(),
  // LoadedNetwork::open(), make_backend() and create().
  static Result<StreamingSession> open(const std::filesystem::path& path,
                                       const StreamingOptions& options = {});

  // Neither is needed afterwards. `options`: those of the step, of norms and memory are read. A
  // quantised network runs in its integers on a backend of integers. Errors: kUnsupported naming
  // the node that cannot run on a stream, with what to do instead; kResourceLimit; those of
  // Backend::load().
  static Result<StreamingSession> create(LoadedNetwork network, Backend& backend,
                                         const StreamingOptions& options = {});

  StreamingSession(StreamingSession&&) noexcept;
  StreamingSession& operator=(StreamingSession&&) noexcept;
  ~StreamingSession();

  // The shape of one frame in, [C, H, 1], and of one frame of every output, in the network's order.
  Shape input_frame() const;
  const std::vector<Port>& outputs() const;
  // Samples (frames of the input) of one evaluation.
  int64_t step_samples() const;
  // Frame t of output 0, where it has the input's rate, is returned at the latest by the push()
  // that brings sample t + latency_samples(): what the network looks ahead, and what a step waits
  // for.
  int64_t latency_samples() const;
  // Of that, what the network itself looks ahead: 0 for a causal network beyond its framing.
  int64_t look_ahead_samples() const;
  // Of the network, in Hz, where its file tells.
  std::optional<int> sample_rate() const;
  std::string_view backend() const;
  Arithmetic arithmetic() const;
  // What the importer noted, and a warning where integers are ignored.
  std::span<const Note> notes() const;
  int64_t samples_taken() const;
  // Bytes of everything that grows with nothing: state, activations. Weights are not included.
  int64_t memory_bytes() const;

  // How many frames of an output the next push() of `samples` will return.
  int64_t frames_after(int64_t samples, size_t output = 0) const;

  // Takes the next samples, [C, H, n] row-major for any n, and writes the frames that are complete
  // now: outputs[i] must hold frames_after(n, i) frames, [C, H, frames] row-major. Allocates
  // nothing. Errors: kInvalidArgument for wrong sizes and after finish(); kCorrupt for a sample
  // that is NaN or infinite, naming it: none of these samples is taken then; those of
  // Executable::run().
  Result<void> push(ConstValues samples, std::span<const Values> outputs);
  // The same, outputs in memory of their own.
  Result<std::vector<StreamedFrames>> push(ConstValues samples);

  // Ends the stream: what was still under way, so that the outputs are those of the whole sequence,
  // as many frames as the network gives for it. May allocate: it asks the network for the lengths.
  // Errors: kInvalidArgument for a stream that is shorter than the network takes.
  Result<std::vector<StreamedFrames>> finish();

  // Forgets the stream: the next sample is the first of another. Also after finish().
  void reset();

 private:
  struct State;
  explicit StreamingSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tessera
