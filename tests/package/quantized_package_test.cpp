// A package that holds integers: built, read again, run on the emulator.
#include <cmath>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "package/calibration_report.h"
#include "package/encodings_file.h"
#include "package/manifest.h"
#include "support/random_values.h"
#include "tessera/audio.h"
#include "tessera/build.h"
#include "tessera/compiler/export.h"
#include "tessera/metrics.h"
#include "tessera/package.h"
#include "tessera/session.h"

namespace tessera {
namespace {

std::string source(const std::string& name) {
  return std::string(TESSERA_SOURCE_DIR) + "/" + name;
}

BuildOptions options_for(const std::vector<std::string>& mixtures) {
  BuildOptions options;
  options.target = source("targets/hailo8.toml");
  options.import.length_samples = 8000;
  options.integers.emplace();
  for (const std::string& name : mixtures)
    options.calibration.sources.emplace_back(source("models/mixtures/" + name + "_mix.wav"));
  return options;
}

Result<Built> built(const BuildOptions& options) {
  return build(source("models/convtasnet_demo_gln_8k.pth"), options);
}

std::vector<float> run(const PackagedNetwork& network, std::string_view backend_name,
                       const std::vector<float>& input, EncodingsUse use = EncodingsUse::obey) {
  const auto backend = make_backend(backend_name, {.threads = 1}).value();
  auto session = Session::create(network.plan, *backend, &network.encodings.value(), use);
  EXPECT_TRUE(session.has_value()) << session.error().to_string();
  return session->run({ConstValues(input)}).value()[0];
}

// The package with another content of one entry, sealed again as a build would.
Package with_entry(const Package& package, const std::string& name,
                   const std::vector<uint8_t>& bytes) {
  std::vector<PackageContent> contents;
  for (const PackageEntry& entry : package.manifest().entries) {
    const auto held = package.read(entry.name).value();
    contents.push_back({entry.name, entry.kind, {held.begin(), held.end()}});
    if (entry.name == name) contents.back().bytes = bytes;
  }
  auto sealed = Package::from_bytes(write_package(package.manifest(), contents).value(), "m.tess");
  EXPECT_TRUE(sealed.has_value()) << sealed.error().to_string();
  return *sealed;
}

TEST(QuantizedPackage, HoldsEveryPieceInFloatAndInBothFormsOfIntegers) {
  const auto result = built(options_for({"04"}));
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  std::map<std::string, int64_t> count;
  for (const PackageEntry& entry : result->package.manifest().entries) ++count[entry.kind];
  EXPECT_GT(count["piece"], 20);
  EXPECT_EQ(count["piece-qdq"], count["piece"]);
  EXPECT_EQ(count["piece-qlinear"], count["piece"]);
  const auto checked = check_package(result->package, result->package.network().value());
  ASSERT_TRUE(checked.has_value()) << checked.error().to_string();
  EXPECT_EQ(checked->pieces, count["piece"]);
  EXPECT_EQ(checked->integer_files, 2 * count["piece"]);
}

TEST(QuantizedPackage, APieceInIntegersThatIsAnothersIsNamed) {
  const auto result = built(options_for({"04"}));
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  const auto other = result->package.read("pieces/qdq/seg02_0.onnx").value();
  const Package swapped =
      with_entry(result->package, "pieces/qdq/seg01_0.onnx", {other.begin(), other.end()});
  const auto checked = check_package(swapped, swapped.network().value());
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().code, ErrorCode::kMismatch);
  EXPECT_EQ(checked.error().subject, "pieces/qdq/seg01_0.onnx");
  EXPECT_EQ(checked.error().message, "is not what the package's own model and plan give");
}

TEST(QuantizedPackage, KeepsWhatWasSeenOfEveryValueAndWhatWasMadeOfIt) {
  BuildOptions options = options_for({"04", "06"});
  options.integers->range_estimator = RangeEstimator::percentile;
  const auto result = built(options);
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  const auto report = calibration_report(result->package);
  ASSERT_TRUE(report.has_value() && report->has_value()) << report.error().to_string();
  const CalibrationReport& kept = **report;
  EXPECT_EQ(kept.arithmetic.asked, "int8");
  EXPECT_EQ(kept.arithmetic.in_16_bits, 0);
  EXPECT_GT(kept.arithmetic.in_8_bits, 50);
  EXPECT_GT(kept.arithmetic.snr_db, 20);
  EXPECT_EQ(kept.source.files, (std::vector<std::string>{"04_mix.wav", "06_mix.wav"}));
  EXPECT_EQ(kept.method.range_estimator, "percentile");
  EXPECT_FALSE(kept.values.empty());
  for (const CalibrationReport::Value& value : kept.values) {
    EXPECT_EQ(value.bits, 8) << value.name;
    const ValueSummary& seen = value.seen;
    EXPECT_EQ(seen.count % (kept.source.windows * seen.channels), 0) << value.name;
    EXPECT_LE(seen.low, seen.mean) << value.name;
    EXPECT_LE(seen.mean, seen.high) << value.name;
    EXPECT_LE(std::abs(seen.mean), seen.rms) << value.name;
    EXPECT_LE(seen.low_percentile, seen.high_percentile) << value.name;
    EXPECT_LT(value.code_low, value.code_high) << value.name;
  }
}

TEST(CalibrationReport, RefusesWhatIsNoneOfItsFields) {
  for (const std::string text :
       {"[", "{}", R"({"arithmetic":{"asked":"int8","in_8_bits":-1}})",
        R"({"arithmetic":{"asked":"int8","in_8_bits":1,"in_16_bits":0,"in_float":0,)"
        R"("convolutions":1,"snr_db":null}})"}) {
    const auto parsed =
        parse_calibration_report({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kCorrupt) << text;
  }
}

TEST(QuantizedPackage, RunsOnTheEmulatorCloseToFloatAtAnyLength) {
  const auto result = built(options_for({"04", "06", "08"}));
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  std::vector<float> mix = read_audio(source("models/mixtures/06_mix.wav")).value().channels[0];
  for (size_t length : {16000u, 12345u}) {
    mix.resize(length);
    const auto network = result->package.network(static_cast<int64_t>(length));
    ASSERT_TRUE(network.has_value()) << network.error().to_string();
    ASSERT_TRUE(network->encodings.has_value());
    const std::vector<float> in_floats = run(*network, "cpu", mix, EncodingsUse::ignore);
    const double snr = snr_db(run(*network, "emulator", mix), in_floats).value();
    EXPECT_GT(snr, 20.0) << length;
  }
}

TEST(QuantizedPackage, BuiltTwiceIsTheSameBytes) {
  const auto first = built(options_for({"04"}));
  const auto second = built(options_for({"04"}));
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->package.hash(), second->package.hash());
}

TEST(QuantizedPackage, IsNotMadeFromRecordingsThatAreNotThere) {
  EXPECT_EQ(built(options_for({"nobody"})).error().code, ErrorCode::kNotFound);
}

// Encodings from a hand that means no good, in a package that is otherwise as built.
class HostileEncodings : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    package_ = new Package(built(options_for({"04"})).value().package);
  }
  static void TearDownTestSuite() { delete package_; }

  static Encodings encodings() { return package_->network().value().encodings.value(); }
  static std::string error_with(const std::string& text) {
    const Package changed =
        with_entry(*package_, "quantize/encodings.json", {text.begin(), text.end()});
    const auto network = changed.network();
    return network ? "" : network.error().to_string();
  }
  static std::string error_with(const Encodings& encodings) {
    return error_with(print_encodings(encodings));
  }

  static Package* package_;
};
Package* HostileEncodings::package_ = nullptr;

TEST_F(HostileEncodings, OfNothingWouldRunInFloat) {
  EXPECT_EQ(error_with(R"({"values":{},"weights":{}})"),
            "m.tess: quantize/encodings.json: holds no values (build the package again)");
  Encodings weightless = encodings();
  weightless.weights.clear();
  EXPECT_EQ(error_with(weightless),
            "m.tess: quantize/encodings.json: holds no weights (build the package again)");
}

TEST_F(HostileEncodings, OfAnotherNetwork) {
  Encodings changed = encodings();
  changed.values["elsewhere"] = changed.values.begin()->second;
  EXPECT_EQ(error_with(changed),
            "m.tess: quantize/encodings.json: speaks of a value 'elsewhere', which the network has "
            "not (build the package again)");
  changed = encodings();
  changed.weights["nowhere"] = changed.weights.begin()->second;
  EXPECT_EQ(error_with(changed),
            "m.tess: quantize/encodings.json: speaks of weights of 'nowhere', which the network "
            "has not (build the package again)");
}

TEST_F(HostileEncodings, WeightsCutShort) {
  Encodings changed = encodings();
  auto& [name, weights] = *changed.weights.begin();
  const size_t size = weights.values.size();
  weights.values.pop_back();
  const std::string text = error_with(changed);
  EXPECT_TRUE(text.starts_with("m.tess: encoding of '" + name + "': has " +
                               std::to_string(size - 1) + " weights, "))
      << text;
}

TEST_F(HostileEncodings, ScalesThatAreNone) {
  Encodings changed = encodings();
  auto& [name, value] = *changed.values.begin();
  for (float scale : {0.0F, -1.0F, 1e-42F}) {
    value.scale[0] = scale;
    const std::string text = error_with(changed);
    EXPECT_TRUE(text.starts_with("m.tess: encoding of '" + name + "': has the scale ")) << text;
  }
  // JSON has neither infinity nor NaN, but it has numbers that no float32 is.
  std::string text = print_encodings(encodings());
  const size_t at = text.find("\"scale\": [") + 10;
  text.insert(at, "1e300, ");
  EXPECT_TRUE(error_with(text).ends_with(".scale: holds 1e+300, which is no float32"))
      << error_with(text);
  text.replace(at, 5, "1e999");
  EXPECT_EQ(error_with(text), "m.tess: quantize/encodings.json: is not JSON");
  text.replace(at, 5, "  NaN");
  EXPECT_EQ(error_with(text), "m.tess: quantize/encodings.json: is not JSON");
}

TEST_F(HostileEncodings, AZeroPointThatIsNoCode) {
  Encodings changed = encodings();
  auto& [name, value] = *changed.values.begin();
  value.zero_point[0] = 256;
  EXPECT_EQ(error_with(changed), "m.tess: encoding of '" + name +
                                     "': has the zero point 256, which is not one of its codes "
                                     "0..255 (quantise the network again)");
}

// Whatever a changed character makes of them: refused, or a network that runs and can be exported.
TEST_F(HostileEncodings, OneCharacterChangedHarmsNothing) {
  const PackagedNetwork network = package_->network().value();
  const std::string text = print_encodings(*network.encodings);
  const auto emulator = make_backend("emulator").value();
  std::mt19937 random(5);
  int accepted = 0;
  for (int i = 0; i < 60; ++i) {
    std::string changed = text;
    // Half of them among scales and zero points, which are at the front.
    const size_t at = random() % (i % 2 == 0 ? text.size() : text.size() / 20);
    changed[at] = "0123456789-.eE,[]\"A"[random() % 19];
    const auto parsed =
        parse_encodings({reinterpret_cast<const uint8_t*>(changed.data()), changed.size()});
    if (!parsed || !check_encodings(network.plan.graph, *parsed)) continue;
    ++accepted;
    const Graph& piece = network.plan.segments[1].pieces[0].graph;
    auto session = Session::create(piece, *emulator, &*parsed);
    ASSERT_TRUE(session.has_value()) << session.error().to_string();
    const std::vector<std::vector<float>> inputs = test::random_inputs(piece, 1);
    ASSERT_TRUE(session->run(std::vector<ConstValues>(inputs.begin(), inputs.end())).has_value());
    for (IntegerForm form : integer_forms(IntegerArithmetic::onnx))
      EXPECT_TRUE(export_integers(piece, *parsed, form).has_value());
  }
  EXPECT_GT(accepted, 5);
}

TEST(EncodingsFile, GivesBackWhatWasWritten) {
  Encodings encodings;
  encodings.values["a"] = {8, false, {0.1F, 3e-7F}, {0, 255}};
  encodings.values["b"] = {16, true, {1.0F / 3}, {-4}};
  encodings.weights["c"] = {{2, 1, 1, 1}, {-127, 5}, {-2000000000, 7}, {1e-9F, 2.0F}, {}};
  encodings.weights["d"] = {{1, 1}, {0}, {0}, {1.0F}, ValueEncoding{8, false, {0.5F}, {3}}};
  const std::string text = print_encodings(encodings);
  const auto bytes = std::as_bytes(std::span(text));
  const auto again =
      parse_encodings({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  ASSERT_TRUE(again.has_value()) << again.error().to_string();
  EXPECT_EQ(*again, encodings);
}

TEST(EncodingsFile, KeepsTheArithmeticThatIsNotTheFirst) {
  Encodings encodings;
  EXPECT_EQ(print_encodings(encodings).find("arithmetic"), std::string::npos);
  encodings.arithmetic = IntegerArithmetic::tflite;
  const auto parsed = [](const std::string& text) {
    return parse_encodings({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  };
  EXPECT_EQ(parsed(print_encodings(encodings)).value(), encodings);
  const auto refused = parsed(R"({"values":{},"weights":{},"arithmetic":"float"})");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
}

TEST(EncodingsFile, RefusesWhatIsNoneOfItsFields) {
  for (
      const std::string text :
      {"{", "{}", R"({"values":{"a":{"bits":8}},"weights":{}})",
       R"({"values":{},"weights":{"c":{"dims":[1,1],"values":"?","bias":[0],"scale":[1]}}})",
       R"({"values":{},"weights":{"c":{"dims":[1,1],"values":"AA==","bias":[9e9],"scale":[1]}}})"}) {
    const auto parsed =
        parse_encodings({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kCorrupt) << text;
  }
}

}  // namespace
}  // namespace tessera
