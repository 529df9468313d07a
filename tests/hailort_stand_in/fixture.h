// Tests on the stand-in: a quantised network whose pieces are "compiled", and the backend opened on
// it, with the faults that a test asks for.
#pragma once

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "hailort_stand_in/piece.h"
#include "hailort_stand_in/variable.h"
#include "support/quantised.h"
#include "tessera/session.h"

namespace tessera::stand_in {

using Outputs = std::vector<std::vector<float>>;

// Compiled pieces of a plan, by name.
class CompiledPieces {
 public:
  CompiledPieces(const Plan& plan, const Encodings& encodings) {
    for (const ChipSegment& segment : plan.segments) {
      for (const Piece& piece : segment.pieces)
        bytes_[piece.name] = make_piece(piece.graph, encodings);
    }
  }
  std::vector<uint8_t>& of(const std::string& piece) { return bytes_.at(piece); }
  void remove(const std::string& piece) { bytes_.erase(piece); }
  const std::string& first() const { return bytes_.begin()->first; }
  size_t size() const { return bytes_.size(); }
  ArtifactSource source() const {
    return [this](const Piece& piece, std::string_view format) -> Result<std::optional<Artifact>> {
      const auto found = bytes_.find(piece.name);
      if (found == bytes_.end()) return std::optional<Artifact>();
      return std::optional(Artifact{format, found->second});
    };
  }

 private:
  std::map<std::string, std::vector<uint8_t>> bytes_;
};

class OnStandIn : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (network_ == nullptr) network_ = new test::Quantised(test::quantised());
  }
  static const Plan& plan() { return network_->package.plan; }
  static const Encodings& encodings() { return *network_->package.encodings; }
  static Outputs run(Session& session) {
    return session.run({ConstValues(network_->signal)}).value();
  }
  static Outputs emulated() {
    static const Outputs outputs = [] {
      const auto emulator = make_backend("emulator", {.threads = 1}).value();
      Session session = Session::create(plan(), *emulator, &encodings()).value();
      return run(session);
    }();
    return outputs;
  }
  static Result<std::unique_ptr<Backend>> open() { return make_backend("hailo"); }
  // With host steps on the emulator.
  Result<Session> session(Backend& chip, Backend* fallback = nullptr) {
    Devices devices(chip, *emulator_);
    devices.fallback = fallback;
    devices.artifacts = pieces_.source();
    return Session::create(plan(), devices, &encodings());
  }

  const Variable library_{"TESSERA_HAILORT", TESSERA_STAND_IN};
  const std::unique_ptr<Backend> emulator_ = make_backend("emulator", {.threads = 1}).value();
  CompiledPieces pieces_{plan(), encodings()};
  inline static const test::Quantised* network_ = nullptr;
};

}  // namespace tessera::stand_in
