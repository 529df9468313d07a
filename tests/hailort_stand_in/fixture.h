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
  // Up to eight pieces in a file, as many as the library takes, each a network of its own name.
  static CompiledPieces joined(const Plan& plan, const Encodings& encodings) {
    constexpr size_t kMaxNetworks = 8;
    CompiledPieces pieces(plan, encodings);
    std::vector<JoinedNetwork> networks;
    const auto end_file = [&] {
      const std::vector<uint8_t> bytes = make_joined(networks, encodings);
      for (const JoinedNetwork& network : networks) {
        const std::string piece = network.name.substr(4);
        pieces.bytes_[piece] = bytes;
        pieces.networks_[piece] = network.name;
      }
      networks.clear();
    };
    for (const ChipSegment& segment : plan.segments) {
      for (const Piece& piece : segment.pieces) {
        networks.push_back({"net_" + piece.name, piece.graph});
        if (networks.size() == kMaxNetworks) end_file();
      }
    }
    end_file();
    return pieces;
  }
  std::vector<uint8_t>& of(const std::string& piece) { return bytes_.at(piece); }
  std::string& network_of(const std::string& piece) { return networks_.at(piece); }
  void remove(const std::string& piece) { bytes_.erase(piece); }
  const std::string& first() const { return bytes_.begin()->first; }
  size_t size() const { return bytes_.size(); }
  ArtifactSource source() const {
    return [this](const Piece& piece, std::string_view format) -> Result<std::optional<Artifact>> {
      const auto found = bytes_.find(piece.name);
      if (found == bytes_.end()) return std::optional<Artifact>();
      const auto network = networks_.find(piece.name);
      return std::optional(
          Artifact{format, found->second, network == networks_.end() ? "" : network->second});
    };
  }

 private:
  std::map<std::string, std::vector<uint8_t>> bytes_;
  std::map<std::string, std::string> networks_;  // of pieces that share a file
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
