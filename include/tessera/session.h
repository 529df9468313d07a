// Session: one network loaded on one backend, ready to run.
//
//   TESSERA_TRY(auto backend, make_backend("cpu", {.threads = 2}));
//   TESSERA_TRY(Session session, Session::create(graph, *backend));
//   TESSERA_TRY(auto outputs, session.run({wav}));
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"
#include "tessera/result.h"

namespace tessera {

// The artifact of a piece in a format; none where its package has none. What it gives must stay
// until the plan is loaded.
using ArtifactSource =
    std::function<Result<std::optional<Artifact>>(const Piece& piece, std::string_view format)>;

// What runs a plan. A Backend alone converts to it and runs all of the plan.
//
//   Session::create(plan, *backend)                    pieces and host steps
//   Session::create(plan, Devices(*chip, *host))       pieces on one, host steps on the other
struct Devices {
  Devices(Backend& both) : chip(both), host(both) {}  // NOLINT(*-explicit-*): one word for users
  Devices(Backend& pieces, Backend& host_steps) : chip(pieces), host(host_steps) {}

  Backend& chip;
  Backend& host;
  // Runs the pieces that `chip` refuses, each with the reason in its PieceDevice. Null: a piece
  // that is refused is an error.
  Backend* fallback = nullptr;
  // Asked where `chip` has an artifact_format(); the package's where LoadedNetwork has one.
  ArtifactSource artifacts = {};
};

// Where a piece of a plan runs.
struct PieceDevice {
  std::string piece;    // Piece::name
  std::string backend;  // DeviceInfo::backend
  std::string reason;   // why the chip's backend does not run it; empty where it does
  // Of the last run.
  int64_t calls = 0;
  double seconds = 0;  // that the host waited for them
};

class StitchedExecutable;

// One thread at a time may run a Session; load the graph again for another thread.
class Session {
 public:
  // Neither `graph` nor `backend` is needed afterwards. Errors: those of verify() and of
  // Backend::load().
  static Result<Session> create(const Graph& graph, Backend& backend,
                                const Encodings* encodings = nullptr,
                                EncodingsUse use = EncodingsUse::obey);

  // The network as its plan cuts it, piece by piece, as StitchedExecutable runs it.
  static Result<Session> create(const Plan& plan, const Devices& devices,
                                const Encodings* encodings = nullptr,
                                EncodingsUse use = EncodingsUse::obey);

  const Signature& signature() const { return signature_; }

  // Of every piece of the plan, in its order; empty for a network without a plan.
  const std::vector<PieceDevice>& devices() const;

  // Values of every input in the order of the signature; writes every output. Allocates nothing.
  // Errors: kInvalidArgument for a wrong count or size, naming the port.
  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs);

  // The same, outputs in memory of their own.
  Result<std::vector<std::vector<float>>> run(std::span<const ConstValues> inputs);
  Result<std::vector<std::vector<float>>> run(std::initializer_list<ConstValues> inputs);

  // Forgets state carried from run to run.
  void reset();

  struct Timing {
    double load_seconds = 0;
    double run_seconds = 0;  // the last run that succeeded
    int64_t runs = 0;
  };
  const Timing& timing() const { return timing_; }

  // Activations while running; weights not included.
  int64_t arena_bytes() const { return executable_->arena_bytes(); }

 private:
  Session() = default;

  std::unique_ptr<Executable> executable_;
  Signature signature_;
  const StitchedExecutable* stitched_ = nullptr;  // executable_, where there is a plan
  Timing timing_;
};

// Stitched execution: plays a plan on a backend, piece by piece, as host and chip would.

// Sees a whole-sequence value when it is complete: [C, H, W] of plan.graph's node.
using ValueCallback = std::function<void(const Node& node, ConstValues values)>;

// Seconds of the last run, by what they were spent on.
struct StitchedTiming {
  double host = 0;    // host steps
  double pieces = 0;  // chip pieces, as the backend plays them
  double copies = 0;  // gathering tiles with their halos, laying down what is new
};

// Whether host steps between two segments run as one graph, as in operation, or one by one, so that
// an observer sees the value of each.
enum class HostSteps : uint8_t { together, one_by_one };

// An Executable with the inputs and outputs of plan.graph. Chip pieces run call by call with their
// halos gathered from whole-sequence values (zeros only outside the sequence); host steps between
// two segments run over the whole sequence on Devices::host, which never gets a piece; where it is
// another backend than the chip's and computes in floats, host steps are in float whatever the
// encodings. Neither the plan is needed afterwards, nor the encodings of its nodes, which every
// piece gets. Errors: those of Backend::load(), subject = piece; kResourceLimit.
class StitchedExecutable : public Executable {
 public:
  static Result<std::unique_ptr<StitchedExecutable>> load(const Plan& plan, const Devices& devices,
                                                          const Encodings* encodings = nullptr,
                                                          HostSteps host = HostSteps::together,
                                                          EncodingsUse use = EncodingsUse::obey);

  // Called from run() for every value that leaves a segment or a group of host steps, in order.
  virtual void observe(ValueCallback observer) = 0;
  // Calls of chip pieces in one run.
  virtual int64_t chip_calls() const = 0;
  virtual const StitchedTiming& timing() const = 0;
  // Of every piece, in the plan's order.
  virtual const std::vector<PieceDevice>& devices() const = 0;
};

}  // namespace tessera
