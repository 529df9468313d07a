// Session: one network loaded on one backend, ready to run.
//
//   TESSERA_TRY(auto backend, make_backend("cpu", {.threads = 2}));
//   TESSERA_TRY(Session session, Session::create(graph, *backend));
//   TESSERA_TRY(auto outputs, session.run({wav}));
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "tessera/backend.h"
#include "tessera/graph.h"
#include "tessera/plan.h"
#include "tessera/result.h"
#include "tessera/signature.h"

namespace tessera {

// One thread at a time may run a Session; load the graph again for another thread.
class Session {
 public:
  // Neither `graph` nor `backend` is needed afterwards. Errors: those of verify() and of
  // Backend::load().
  static Result<Session> create(const Graph& graph, Backend& backend,
                                const Encodings* encodings = nullptr,
                                EncodingsUse use = EncodingsUse::obey);

  // The network as its plan cuts it, piece by piece (tessera/stitched.h).
  static Result<Session> create(const Plan& plan, Backend& backend,
                                const Encodings* encodings = nullptr,
                                EncodingsUse use = EncodingsUse::obey);

  const Signature& signature() const { return signature_; }

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
  Timing timing_;
};

}  // namespace tessera
