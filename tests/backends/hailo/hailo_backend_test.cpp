// Compiled pieces through HailoRT's C interface: a stitched run on the stand-in is the emulator's,
// bit for bit.
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "hailort_stand_in/fixture.h"
#include "support/small_network.h"

namespace tessera::stand_in {
namespace {

class HailoBackend : public OnStandIn {};

TEST_F(HailoBackend, TellsDeviceFirmwareAndLibrary) {
  const auto backend = open().value();
  const DeviceInfo device = backend->probe();
  EXPECT_EQ(device.backend, "hailo");
  EXPECT_EQ(device.description,
            "Hailo-8 (stand-in: Tessera's emulator), firmware 4.22.0, HailoRT 4.22.0");
  EXPECT_EQ(backend->arithmetic(), Arithmetic::integer);
  EXPECT_EQ(backend->artifact_format(), "hef");
}

TEST_F(HailoBackend, TellsTemperatureAndPower) {
  const auto readings = open().value()->readings();
  ASSERT_EQ(readings.size(), 2U);
  EXPECT_EQ(readings[0].name, "temperature_celsius");
  EXPECT_EQ(readings[0].value, 42.5);
  EXPECT_EQ(readings[1].name, "power_watts");
  EXPECT_EQ(readings[1].value, 2.25);
  EXPECT_EQ(readings[1].reason, "");
}

TEST_F(HailoBackend, SaysWhyTheDeviceDoesNotTellItsPower) {
  const Variable wanted("TESSERA_STAND_IN_FAULT", "no_power");
  const auto readings = open().value()->readings();
  ASSERT_EQ(readings.size(), 2U);
  EXPECT_EQ(readings[0].value, 42.5);
  EXPECT_FALSE(readings[1].value.has_value());
  EXPECT_EQ(readings[1].reason,
            "HailoRT 4.22.0 says 'stand-in' (status 6), while measuring its power");
}

TEST_F(HailoBackend, StitchedRunIsTheEmulatorsBitForBit) {
  const auto backend = open().value();
  auto loaded = session(*backend);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().to_string();
  EXPECT_EQ(run(*loaded), emulated());
  EXPECT_EQ(run(*loaded), emulated()) << "buffers used again";
  ASSERT_EQ(loaded->devices().size(), pieces_.size());
  for (const PieceDevice& device : loaded->devices()) {
    EXPECT_EQ(device.backend, "hailo");
    EXPECT_EQ(device.reason, "");
    EXPECT_GT(device.calls, 0);
    EXPECT_GT(device.seconds, 0);
  }
  EXPECT_GT(loaded->arena_bytes(), 0);
}

// Whether the package says of every value that crosses a piece's border which codes it has there.
bool has_codes_at_borders(const Plan& plan, const Encodings& encodings) {
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces) {
      const hailort::Ports ports = hailort::ports_of(piece.graph, &encodings);
      for (const auto* list : {&ports.inputs, &ports.outputs}) {
        for (const hailort::Port& port : *list)
          if (!port.coding) return false;
      }
    }
  }
  return true;
}

// A value without codes of the package crosses the border in codes of the compiled file all the
// same: there the emulator, which keeps it in float, differs.
TEST_F(HailoBackend, NetworksOfEveryNormInEightAndSixteenBitsAreTheEmulators) {
  for (const NormKind norm : test::kNorms) {
    for (const bool wide : {false, true}) {
      QuantizeOptions options;
      options.int16 = wide;
      const test::Quantised made = test::quantised(test::small_network(norm), options);
      const Plan& plan = made.package.plan;
      const Encodings& integers = *made.package.encodings;
      const bool is_exact = has_codes_at_borders(plan, integers);
      EXPECT_EQ(is_exact, norm != NormKind::batch);
      const CompiledPieces pieces(plan, integers);
      const auto backend = open().value();
      Devices devices(*backend, *emulator_);
      devices.artifacts = pieces.source();
      auto on_chip = Session::create(plan, devices, &integers);
      ASSERT_TRUE(on_chip.has_value()) << on_chip.error().to_string();
      Session on_emulator = Session::create(plan, *emulator_, &integers).value();
      const Outputs ours = on_chip->run({ConstValues(made.signal)}).value();
      const Outputs expected = on_emulator.run({ConstValues(made.signal)}).value();
      if (is_exact) {
        EXPECT_EQ(ours, expected) << to_string(norm) << (wide ? " in 16 bits" : " in 8 bits");
        continue;
      }
      double noise = 0;
      double signal = 0;
      for (size_t i = 0; i < expected[0].size(); ++i) {
        noise += std::pow(double{ours[0][i]} - double{expected[0][i]}, 2);
        signal += std::pow(double{expected[0][i]}, 2);
      }
      EXPECT_LT(noise, 0.05 * signal);
    }
  }
}

TEST_F(HailoBackend, SeveralEvaluationsAreOnTheirWayAtOnceAndEndInOrder) {
  const auto backend = open().value();
  const Piece& piece = plan().segments[0].pieces[0];
  const Segment segment{piece.graph, &encodings(), EncodingsUse::obey, piece.name,
                        Artifact{"hef", pieces_.of(piece.name)}};
  const auto chip = backend->load(segment).value();
  const auto emulator = emulator_->load(segment).value();
  ASSERT_EQ(chip->queue_depth(), 3);
  const auto values_for = [&](uint32_t seed) { return test::random_inputs(piece.graph, seed); };
  const auto results = [&] {
    Outputs outputs;
    for (const GraphOutput& output : piece.graph.outputs())
      outputs.emplace_back(static_cast<size_t>(piece.graph.node(output.node).shape.size()));
    return outputs;
  };
  for (uint32_t seed = 0; seed < 3; ++seed) {
    const Outputs inputs = values_for(seed);
    ASSERT_TRUE(chip->begin(std::vector<ConstValues>(inputs.begin(), inputs.end())).has_value());
  }
  const Outputs one_more = values_for(3);
  EXPECT_EQ(chip->begin(std::vector<ConstValues>(one_more.begin(), one_more.end())).error().code,
            ErrorCode::kInvalidArgument);
  for (uint32_t seed = 0; seed < 3; ++seed) {
    const Outputs inputs = values_for(seed);
    Outputs expected = results();
    Outputs actual = results();
    ASSERT_TRUE(emulator
                    ->run(std::vector<ConstValues>(inputs.begin(), inputs.end()),
                          std::vector<Values>(expected.begin(), expected.end()))
                    .has_value());
    ASSERT_TRUE(chip->finish(std::vector<Values>(actual.begin(), actual.end())).has_value());
    EXPECT_EQ(actual, expected) << "evaluation " << seed;
  }
  Outputs nothing = results();
  EXPECT_EQ(chip->finish(std::vector<Values>(nothing.begin(), nothing.end())).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(HailoBackend, EvaluationsThatNobodyFinishesEndWithTheExecutable) {
  const auto backend = open().value();
  const Piece& piece = plan().segments[0].pieces[0];
  const auto chip = backend
                        ->load({piece.graph, &encodings(), EncodingsUse::obey, piece.name,
                                Artifact{"hef", pieces_.of(piece.name)}})
                        .value();
  const Outputs inputs = test::random_inputs(piece.graph, 1);
  ASSERT_TRUE(chip->begin(std::vector<ConstValues>(inputs.begin(), inputs.end())).has_value());
}

TEST_F(HailoBackend, ThreadsShareOneDevice) {
  const Outputs expected = emulated();
  std::vector<std::thread> threads;
  std::vector<Outputs> results(2);
  const auto keeps_the_device = open().value();
  for (Outputs& result : results) {
    threads.emplace_back([&] {
      const auto backend = open().value();
      Session session = this->session(*backend).value();
      for (int again = 0; again < 2; ++again) result = run(session);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Outputs& result : results) EXPECT_EQ(result, expected);
}

// The runtime evaluates all networks of a file together: each piece gets its own results.
TEST_F(HailoBackend, PiecesThatShareAFileGiveWhatTheyGiveAlone) {
  pieces_ = CompiledPieces::joined(plan(), encodings());
  ASSERT_GT(pieces_.size(), 2U);
  const auto backend = open().value();
  auto loaded = session(*backend);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().to_string();
  EXPECT_EQ(run(*loaded), emulated());
  EXPECT_EQ(run(*loaded), emulated()) << "buffers used again";
}

TEST_F(HailoBackend, ANetworkThatTheFileDoesNotHoldIsNamed) {
  pieces_ = CompiledPieces::joined(plan(), encodings());
  pieces_.network_of(pieces_.first()) = "net_of_nobody";
  const auto backend = open().value();
  const auto refused = session(*backend);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().to_string().find(
                "its compiled file has 0 inputs and 0 outputs of the network 'net_of_nobody'"),
            std::string::npos)
      << refused.error().to_string();
}

// One evaluation is taken in part: what others queue behind it would pair with its frames.
TEST_F(HailoBackend, AfterAnEvaluationThatWasTakenInPartNoFramesAreMixed) {
  const Variable wanted("TESSERA_STAND_IN_FAULT", "full_late@2");
  pieces_ = CompiledPieces::joined(plan(), encodings());
  const auto backend = open().value();
  Session loaded = session(*backend).value();
  const auto first = loaded.run({ConstValues(network_->signal)});
  EXPECT_TRUE(!first || *first == emulated());
  EXPECT_EQ(run(loaded), emulated());
}

// The stand-in's device is busy until it is given back, as a real one is.
TEST_F(HailoBackend, OneThreadOpensItWhileAnotherClosesIt) {
  const Variable wanted("TESSERA_STAND_IN_FAULT", "slow_release");
  std::vector<std::thread> threads;
  std::vector<std::string> errors(3);
  for (std::string& error : errors) {
    threads.emplace_back([&] {
      for (int again = 0; again < 10 && error.empty(); ++again) {
        const auto backend = open();
        if (!backend) error = backend.error().to_string();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& error : errors) EXPECT_EQ(error, "");
}

TEST_F(HailoBackend, RunsNoNetworkWithoutAPlan) {
  const auto backend = open().value();
  const auto refused = Session::create(plan().graph, *backend, &encodings());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().to_string(),
            "backend 'hailo': runs compiled pieces of a package, and no network as it is (build a "
            "package and compile it for the chip)");
  EXPECT_EQ(Session::create(plan(), *backend, &encodings()).error().code, ErrorCode::kUnsupported)
      << "host steps";
}

TEST_F(HailoBackend, APieceThatWasNotCompiledFallsBackWhereThatIsAllowed) {
  const auto backend = open().value();
  const std::string missing = pieces_.first();
  pieces_.remove(missing);
  const auto refused = session(*backend);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().to_string(),
            "piece '" + missing +
                "': backend 'hailo': the package holds no compiled file (.hef) of this piece "
                "(compile the package for the chip: tessera compile PACKAGE)");
  auto fallen = session(*backend, emulator_.get());
  ASSERT_TRUE(fallen.has_value()) << fallen.error().to_string();
  EXPECT_EQ(run(*fallen), emulated());
  for (const PieceDevice& device : fallen->devices()) {
    EXPECT_EQ(device.backend, device.piece == missing ? "emulator" : "hailo");
    EXPECT_EQ(device.reason.empty(), device.piece != missing);
  }
}

}  // namespace
}  // namespace tessera::stand_in
