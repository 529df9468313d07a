// Backend: something that can evaluate a graph. Executable: one graph prepared on one backend.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

struct DeviceInfo {
  std::string backend;  // "reference", "cpu", ...
  bool available = false;
  std::string description;  // processor, instruction set, device name
  std::string reason;       // why it is not available, and what to install
  int threads = 1;
};

// What a device measures of itself.
struct DeviceReading {
  std::string name;             // "temperature_celsius", "power_watts"
  std::optional<double> value;  // none: the device does not tell
  std::string reason;           // why it does not; empty where there is a value
};

// The numbers that a backend computes with.
enum class Arithmetic : uint8_t {
  float32,  // every value a float: a network as it was trained
  integer,  // codes and integer weights wherever Encodings have them: a network as a chip runs it
};
std::string_view to_string(Arithmetic arithmetic);  // "float32", "integer"

// What a backend of float32 does with encodings. One of integers obeys them.
enum class EncodingsUse : uint8_t {
  obey,    // refuses them: what it computes would not be the quantised network
  ignore,  // computes the network as it was before it was quantised, because the caller says so
};

// What a compiler made of a piece: a file of the format "onnx", "har", "hef", ...
struct Artifact {
  std::string_view format;
  std::span<const uint8_t> bytes;
  // Of the piece, where the file holds several; empty: it holds this piece only.
  std::string network = {};
};

// Cumulative norms and sums, by node name, that go on from run to run: each run of the executable
// is the next stretch of one sequence, until reset(). With each the frames before its sequence
// begins, which count for nothing and whose results mean nothing.
using CarriedNodes = std::map<std::string, int64_t>;

// What a backend is asked to evaluate. All of it must outlive load(), not the Executable.
struct Segment {
  const Graph& graph;
  const Encodings* encodings = nullptr;
  EncodingsUse use = EncodingsUse::obey;
  std::string_view name = {};             // of a plan's piece; empty for host steps and networks
  std::optional<Artifact> artifact = {};  // of Backend::artifact_format(), where there is one
  // Where one run is a step of a stream: few frames, run often. Null: every run is a sequence.
  const CarriedNodes* carried = nullptr;
};

// Values of one tensor, [C, H, W] row-major.
using ConstValues = std::span<const float>;
using Values = std::span<float>;

class Executable {
 public:
  virtual ~Executable() = default;

  // One evaluation. inputs[i] and outputs[i] follow Graph::inputs() and Graph::outputs() and hold
  // exactly shape.size() floats each. Errors: kInvalidArgument for a wrong count or size. The
  // backends of this library allocate nothing; "torch" leaves memory to libtorch.
  virtual Result<void> run(std::span<const ConstValues> inputs,
                           std::span<const Values> outputs) = 0;

  // Executables that work while their caller does other things: how many evaluations may be begun
  // before the first is finished. 0: there is run() only.
  virtual int64_t queue_depth() const { return 0; }
  // Begins an evaluation; the caller may change `inputs` afterwards. Errors: those of run().
  virtual Result<void> begin(std::span<const ConstValues> inputs);
  // Waits for the evaluation that was begun first and writes what it gave. Errors: those of run().
  virtual Result<void> finish(std::span<const Values> outputs);

  // Forgets state carried from run to run (none for whole-sequence executables), and evaluations
  // that were begun and not finished.
  virtual void reset() {}

  // Gives memory of activations back to the system; the next run takes it again. For executables
  // that take turns over long sequences. The default keeps it.
  virtual void trim() {}

  // Bytes held for activations while running; weights not included.
  virtual int64_t arena_bytes() const = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual DeviceInfo probe() const = 0;
  virtual Arithmetic arithmetic() const = 0;
  // What the device tells now, and of what it could tell and does not, why; empty for those that
  // measure nothing. Any thread may ask while executables of the backend run.
  virtual std::vector<DeviceReading> readings() { return {}; }
  // The format of the artifacts that it runs; empty: it evaluates graphs. A backend with a format
  // runs pieces of a plan only and leaves host steps to another backend (Devices in
  // tessera/session.h).
  virtual std::string_view artifact_format() const { return {}; }
  // Errors: kUnsupported naming the node this backend cannot evaluate; kResourceLimit;
  // kInvalidArgument for encodings that its arithmetic would not obey, or for none where it needs
  // them; kNotFound where it needs an artifact and the segment has none; kUnsupported for
  // Segment::carried where it keeps nothing from run to run.
  virtual Result<std::unique_ptr<Executable>> load(const Segment& segment) = 0;
};

struct BackendOptions {
  // 0: as many as the process may use. At most 16, or as many as that where it is more.
  int threads = 0;
  int64_t memory_limit_bytes = 0;  // activations; 0: no limit of our own
  // Where backends that are plugins lie ("torch"). Empty: as installed, seen from the running
  // program (bin/../lib/tessera), else where this library was to be installed.
  std::string plugin_folder = {};
};

// Names of every backend this build knows, available or not.
std::vector<std::string_view> backend_names();

// The backend to take for networks of this arithmetic: the fastest.
std::string_view default_backend(Arithmetic arithmetic);

// Whether a build may lack this backend: it needs a library that is not required.
bool backend_is_optional(std::string_view name);

// Errors: kInvalidArgument for an unknown name (the message lists the known ones), kUnavailable
// with the reason.
Result<std::unique_ptr<Backend>> make_backend(std::string_view name,
                                              const BackendOptions& options = {});

// Signature: what a network takes and gives, and the checks that values handed over fit it.

struct Port {
  std::string name;
  Shape shape;
};

struct Signature {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

Signature signature_of(const Graph& graph);

// Checks counts and sizes before a run. Errors: kInvalidArgument naming the port. Allocates only
// for errors.
Result<void> check_values(const Signature& signature, std::span<const ConstValues> inputs,
                          std::span<const Values> outputs);
Result<void> check_input_values(const Signature& signature, std::span<const ConstValues> inputs);

}  // namespace tessera
