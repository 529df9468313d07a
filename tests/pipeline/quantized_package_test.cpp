// A quantised package runs in its integers; floats only where they are asked for, and that is said.
#include <gtest/gtest.h>

#include "support/recordings.h"
#include "support/scratch_folder.h"
#include "tessera/build.h"
#include "tessera/separator.h"

namespace tessera {
namespace {

class QuantizedPackage : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new ScratchFolder;
    BuildOptions options;
    options.import.length_samples = 2003;
    options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
    options.output = path();
    options.calibration.sources = {TESSERA_SOURCE_DIR "/models/mixtures/04_mix.wav"};
    options.calibration.count = 4;
    options.integers = IntegerOptions{};
    const auto built = build(TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth", options);
    ASSERT_TRUE(built.has_value()) << built.error().to_string();
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::string path() { return (*folder_ / "int8.tess").string(); }

  static Separator open(SeparatorOptions options = {}) {
    options.sample_rate = 8000;
    options.level = VoiceLevel::network;
    return Separator::open(path(), options).value();
  }
  static std::vector<std::vector<float>> voices_of(Separator separator) {
    return separator.separate(test::sawtooth(8000, 3001)).value().voices;
  }
  // What a session gives that is made by hand.
  static std::vector<std::vector<float>> voices_by_hand(std::string_view backend_name,
                                                        const Encodings* encodings,
                                                        const Plan& plan) {
    const auto backend = make_backend(backend_name).value();
    Session session = Session::create(plan, *backend, encodings).value();
    const AudioBuffer recording = test::sawtooth(8000, 3001);
    const std::vector<float> joined = session.run({recording.channels[0]}).value()[0];
    return {{joined.begin(), joined.begin() + 3001}, {joined.begin() + 3001, joined.end()}};
  }
  static LoadedNetwork network() {
    ImportOptions options;
    options.length_samples = 3001;
    return LoadedNetwork::open(path(), options).value();
  }

 private:
  inline static ScratchFolder* folder_ = nullptr;
};

TEST_F(QuantizedPackage, HasABackendOfIntegersByDefault) {
  const LoadedNetwork loaded = network();
  ASSERT_TRUE(loaded.encodings.has_value());
  EXPECT_TRUE(loaded.package->is_quantized());
  EXPECT_EQ(loaded.default_backend(), "emulator");
  EXPECT_EQ(default_backend(*loaded.package), "emulator");
}

TEST_F(QuantizedPackage, SeparatesInTheEmulatorsIntegersByDefault) {
  Separator separator = open();
  EXPECT_EQ(separator.backend(), "emulator");
  EXPECT_EQ(separator.arithmetic(), Arithmetic::integer);
  const LoadedNetwork loaded = network();
  EXPECT_EQ(voices_of(std::move(separator)),
            voices_by_hand("emulator", &*loaded.encodings, *loaded.plan));
}

TEST_F(QuantizedPackage, SeparatesInFloatsWhereThatBackendIsNamedAndWarns) {
  Separator separator = open({.backend = "cpu"});
  EXPECT_EQ(separator.arithmetic(), Arithmetic::float32);
  ASSERT_FALSE(separator.notes().empty());
  const Note& note = separator.notes().back();
  EXPECT_EQ(note.severity, NoteSeverity::warning);
  EXPECT_EQ(note.text,
            path() + " is quantised; the cpu backend computes it in float32, not in its integers");
  const auto floats = voices_of(std::move(separator));
  EXPECT_EQ(floats, voices_by_hand("cpu", nullptr, *network().plan));
  EXPECT_NE(floats, voices_of(open()));
}

TEST_F(QuantizedPackage, IsHeldToTheIntegerReferenceOnRequest) {
  Separator separator = open({.check = true});
  const Separation separation = separator.separate(test::sawtooth(8000, 2003)).value();
  EXPECT_FALSE(separation.difference.has_value());
  ASSERT_TRUE(separation.equal_codes.has_value());
  EXPECT_GT(*separation.equal_codes, 10'000);
}

TEST_F(QuantizedPackage, SessionsInFloatsHaveToBeAskedFor) {
  const LoadedNetwork loaded = network();
  const auto cpu = make_backend("cpu").value();
  const auto refused = loaded.session(*cpu);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("would not obey the encodings"), std::string::npos);
  EXPECT_TRUE(loaded.session(*cpu, EncodingsUse::ignore).has_value());
  EXPECT_TRUE(loaded.ignored_integers(*cpu).has_value());
  EXPECT_FALSE(loaded.ignored_integers(*make_backend("emulator").value()).has_value());
}

TEST_F(QuantizedPackage, OneCodeThatDiffersFailsTheCheck) {
  const LoadedNetwork loaded = network();
  // Encodings of the definition with a scale that the backend's do not have.
  class OtherIntegers : public Backend {
   public:
    explicit OtherIntegers(const Encodings& encodings) : encodings_(encodings) {
      for (auto& [name, value] : encodings_.values) value.scale[0] *= 1.01F;
    }
    DeviceInfo probe() const override { return emulator_->probe(); }
    Arithmetic arithmetic() const override { return Arithmetic::integer; }
    Result<std::unique_ptr<Executable>> load(const Segment& segment) override {
      return emulator_->load({segment.graph, &encodings_});
    }

   private:
    std::unique_ptr<Backend> emulator_ = make_backend("emulator").value();
    Encodings encodings_;
  };
  OtherIntegers other(*loaded.encodings);
  const std::vector<std::vector<float>> inputs{test::sawtooth(8000, 3001).channels[0]};
  const auto checked =
      compare_codes_with_reference(*loaded.plan, *loaded.encodings, other, inputs, "mix.wav");
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, ErrorCode::kMismatch);
  EXPECT_EQ(checked.error().subject, "mix.wav");
  EXPECT_NE(checked.error().message.find("are not those of the integer reference"),
            std::string::npos);
}

}  // namespace
}  // namespace tessera
