// Pieces run on the chip's backend and host steps on the host's, for every backend; what a chip
// refuses falls back only where that is allowed, and is recorded.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "backends/null/null_backend.h"
#include "support/integer_reference.h"
#include "support/planned.h"
#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/session.h"

namespace tessera {
namespace {

using Outputs = std::vector<std::vector<float>>;

// A backend in front of another: keeps the names of what it was given, may refuse pieces and may
// want artifacts.
class Watched : public Backend {
 public:
  explicit Watched(std::unique_ptr<Backend> real) : real_(std::move(real)) {}

  DeviceInfo probe() const override {
    DeviceInfo device = real_->probe();
    device.backend = "chip";
    return device;
  }
  Arithmetic arithmetic() const override { return real_->arithmetic(); }
  std::string_view artifact_format() const override { return format; }
  Result<std::unique_ptr<Executable>> load(const Segment& segment) override {
    names.emplace_back(segment.name);
    if (refuses && refuses(segment.name)) {
      return Error{refusal, "has no place on this chip", "block_3", "cut it smaller"};
    }
    if (segment.artifact) {
      artifacts.emplace_back(segment.artifact->bytes.begin(), segment.artifact->bytes.end());
      formats.insert(std::string(segment.artifact->format));
    }
    return real_->load(segment);
  }

  std::vector<std::string> names;
  std::vector<std::string> artifacts;
  std::set<std::string> formats;
  std::string format;
  std::function<bool(std::string_view)> refuses;
  ErrorCode refusal = ErrorCode::kUnsupported;

 private:
  std::unique_ptr<Backend> real_;
};

std::unique_ptr<Backend> backend_of(std::string_view name) {
  if (name == "null") return make_null_backend({});
  auto made = make_backend(name, {.threads = 2});
  return made ? std::move(*made) : nullptr;
}

// A network with norms between its convolutions: several pieces, several host steps.
const Plan& plan() {
  static const Plan made = [] {
    test::ConvTasNet network = test::small_conv_tasnet(2003);
    return test::plan_for(build(network), {}).plan;
  }();
  return made;
}

std::vector<std::string> piece_names() {
  std::vector<std::string> names;
  for (const ChipSegment& segment : plan().segments) {
    for (const Piece& piece : segment.pieces) names.push_back(piece.name);
  }
  return names;
}

const Encodings& encodings() {
  static const Encodings made = test::random_encodings(plan().graph, 3);
  return made;
}

class EveryChip : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto real = backend_of(GetParam());
    if (real == nullptr) {
      ASSERT_TRUE(backend_is_optional(GetParam()));
      GTEST_SKIP() << GetParam() << " is not on this machine";
    }
    chip_ = std::make_unique<Watched>(std::move(real));
    if (chip_->arithmetic() == Arithmetic::integer) integers_ = &encodings();
    host_ = backend_of(integers_ != nullptr ? "emulator" : "cpu");
  }
  bool computes() const { return std::string_view(GetParam()) != "null"; }
  Result<Session> session(const Devices& devices) const {
    return Session::create(plan(), devices, integers_);
  }
  static Outputs run(Session& session) {
    const Outputs inputs = test::random_inputs(plan().graph, 5);
    return session.run(std::vector<ConstValues>(inputs.begin(), inputs.end())).value();
  }

  std::unique_ptr<Watched> chip_;
  std::unique_ptr<Backend> host_;
  const Encodings* integers_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(All, EveryChip,
                         ::testing::Values("null", "reference", "cpu", "torch", "emulator"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(EveryChip, GetsThePiecesByNameAndNoHostStep) {
  Devices devices(*chip_, *host_);
  devices.fallback = host_.get();  // the null backend refuses them all
  auto loaded = session(devices);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().to_string();
  EXPECT_EQ(chip_->names, piece_names());
  ASSERT_EQ(loaded->devices().size(), piece_names().size());
  for (size_t i = 0; i < loaded->devices().size(); ++i) {
    const PieceDevice& device = loaded->devices()[i];
    EXPECT_EQ(device.piece, piece_names()[i]);
    EXPECT_EQ(device.backend, computes() ? "chip" : host_->probe().backend);
    EXPECT_EQ(device.reason.empty(), computes());
  }
}

TEST_P(EveryChip, AloneRunsHostStepsToo) {
  auto loaded = session(*chip_);
  ASSERT_EQ(loaded.has_value(), computes());
  if (!computes()) return;
  const auto steps = std::count(chip_->names.begin(), chip_->names.end(), "");
  EXPECT_GT(steps, 1);
  EXPECT_EQ(chip_->names.size(), piece_names().size() + static_cast<size_t>(steps));
  const auto same = backend_of(GetParam());
  Session apart = session(Devices(*chip_, *same)).value();
  EXPECT_EQ(run(*loaded), run(apart));
}

TEST_P(EveryChip, ThatRefusesAPieceIsAnErrorNamingPieceAndReason) {
  const std::string refused = piece_names().back();
  chip_->refuses = [&](std::string_view name) { return name == refused || !computes(); };
  const auto loaded = session(Devices(*chip_, *host_));
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(loaded.error().to_string(),
            "piece '" + (computes() ? refused : piece_names().front()) +
                "': block_3: has no place on this chip (cut it smaller)");
}

TEST_P(EveryChip, FallsBackForOnePieceAndRecordsWhy) {
  if (!computes()) return;  // refuses every piece by itself
  const std::string refused = piece_names().back();
  chip_->refuses = [&](std::string_view name) { return name == refused; };
  const auto same = backend_of(GetParam());
  Devices devices(*chip_, *same);
  devices.fallback = same.get();
  Session fallen = session(devices).value();
  for (const PieceDevice& device : fallen.devices()) {
    const bool is_refused = device.piece == refused;
    EXPECT_EQ(device.backend, is_refused ? GetParam() : "chip");
    EXPECT_EQ(device.reason,
              is_refused ? "block_3: has no place on this chip (cut it smaller)" : "");
  }
  Session whole = session(*same).value();
  EXPECT_EQ(run(fallen), run(whole));
}

TEST_P(EveryChip, DoesNotFallBackForWhatTheCallerOrTheWholeDeviceLacks) {
  for (const ErrorCode code : {ErrorCode::kInvalidArgument, ErrorCode::kUnavailable,
                               ErrorCode::kCancelled, ErrorCode::kIo}) {
    chip_->refuses = [](std::string_view) { return true; };
    chip_->refusal = code;
    Devices devices(*chip_, *host_);
    devices.fallback = host_.get();
    const auto loaded = session(devices);
    ASSERT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.error().code, code);
  }
}

TEST_P(EveryChip, GetsTheArtifactsOfItsFormatOnly) {
  Devices devices(*chip_, *host_);
  devices.fallback = host_.get();
  std::vector<std::string> bytes;
  for (const std::string& name : piece_names()) bytes.push_back("artifact of " + name);
  std::set<std::string> asked;
  devices.artifacts = [&](const Piece& piece,
                          std::string_view format) -> Result<std::optional<Artifact>> {
    asked.insert(std::string(format));
    const std::vector<std::string> names = piece_names();
    const auto at = std::find(names.begin(), names.end(), piece.name) - names.begin();
    const std::string& text = bytes[static_cast<size_t>(at)];
    return std::optional(
        Artifact{format, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}});
  };
  ASSERT_TRUE(session(devices).has_value());
  EXPECT_TRUE(asked.empty()) << "evaluates graphs";
  chip_->format = "hef";
  ASSERT_TRUE(session(devices).has_value());
  EXPECT_EQ(asked, std::set<std::string>{"hef"});
  EXPECT_EQ(chip_->formats, std::set<std::string>{"hef"});
  EXPECT_EQ(chip_->artifacts, bytes);
}

TEST_P(EveryChip, OfArtifactsRunsNoHostSteps) {
  chip_->format = "hef";
  const auto loaded = session(*chip_);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().to_string(),
            "backend 'chip': runs the pieces of a plan only, and no host steps (give host steps a "
            "backend of their own: Devices(chip, host))");
}

// The pieces' codes are the same; host steps in float are not rounded to codes.
TEST(Devices, FloatsOfTheHostStandBesideIntegersOfTheChip) {
  const auto emulator = backend_of("emulator");
  const auto cpu = backend_of("cpu");
  Session session = Session::create(plan(), Devices(*emulator, *cpu), &encodings()).value();
  const Outputs inputs = test::random_inputs(plan().graph, 5);
  EXPECT_TRUE(session.run(std::vector<ConstValues>(inputs.begin(), inputs.end())).has_value());
  EXPECT_FALSE(Session::create(plan(), Devices(*cpu, *emulator), &encodings()).has_value());
}

TEST(Devices, AreOfPlansOnly) {
  const auto cpu = backend_of("cpu");
  const Session session = Session::create(plan().graph, *cpu).value();
  EXPECT_TRUE(session.devices().empty());
}

}  // namespace
}  // namespace tessera
