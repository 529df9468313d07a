#include "tessera/session.h"

#include "base/stopwatch.h"

namespace tessera {

Result<Session> Session::create(const Graph& graph, Backend& backend, const Encodings* encodings,
                                EncodingsUse use) {
  const Stopwatch watch;
  TESSERA_TRY_VOID(validate(graph, graph.form()));
  Session session;
  TESSERA_TRY(session.executable_, backend.load({graph, encodings, use}));
  session.signature_ = signature_of(graph);
  session.timing_.load_seconds = watch.seconds();
  return session;
}

Result<Session> Session::create(const Plan& plan, const Devices& devices,
                                const Encodings* encodings, EncodingsUse use) {
  const Stopwatch watch;
  Session session;
  TESSERA_TRY(auto stitched,
              StitchedExecutable::load(plan, devices, encodings, HostSteps::together, use));
  session.stitched_ = stitched.get();
  session.executable_ = std::move(stitched);
  session.signature_ = signature_of(plan.graph);
  session.timing_.load_seconds = watch.seconds();
  return session;
}

Result<void> Session::run(std::span<const ConstValues> inputs, std::span<const Values> outputs) {
  TESSERA_TRY_VOID(check_values(signature_, inputs, outputs));
  const Stopwatch watch;
  TESSERA_TRY_VOID(executable_->run(inputs, outputs));
  timing_.run_seconds = watch.seconds();
  ++timing_.runs;
  return {};
}

Result<std::vector<std::vector<float>>> Session::run(std::span<const ConstValues> inputs) {
  TESSERA_TRY_VOID(check_input_values(signature_, inputs));  // before memory is taken for results
  std::vector<std::vector<float>> results;
  for (const Port& port : signature_.outputs)
    results.emplace_back(static_cast<size_t>(port.shape.size()));
  const std::vector<Values> outputs(results.begin(), results.end());
  TESSERA_TRY_VOID(run(inputs, outputs));
  return results;
}

Result<std::vector<std::vector<float>>> Session::run(std::initializer_list<ConstValues> inputs) {
  return run(std::span<const ConstValues>(inputs.begin(), inputs.size()));
}

const std::vector<PieceDevice>& Session::devices() const {
  static const std::vector<PieceDevice> kNone;
  return stitched_ == nullptr ? kNone : stitched_->devices();
}

void Session::reset() {
  executable_->reset();
}

}  // namespace tessera
