// Verification and comparison of compiled pieces, through the stand-in for HailoRT.
#include <gtest/gtest.h>

#include <algorithm>

#include "hailort_stand_in/fixture.h"
#include "tessera/compiler/verify.h"

namespace tessera::stand_in {
namespace {

class VerifiedChip : public OnStandIn {
 protected:
  Devices devices(Backend& chip) {
    Devices on(chip, *emulator_);
    on.artifacts = pieces_.source();
    return on;
  }
  static const Graph& imported() { return network_->imported; }
  static ConstValues signal() { return network_->signal; }
  const std::unique_ptr<Backend> reference_ = make_backend("reference", {.threads = 1}).value();
};

void expect_same(const std::vector<ValueCheck>& chip, const std::vector<ValueCheck>& emulator) {
  ASSERT_EQ(chip.size(), emulator.size());
  for (size_t i = 0; i < chip.size(); ++i) {
    EXPECT_EQ(chip[i].name, emulator[i].name);
    EXPECT_EQ(chip[i].difference.max_abs, emulator[i].difference.max_abs) << chip[i].name;
    EXPECT_EQ(chip[i].passed, emulator[i].passed) << chip[i].name;
  }
}

TEST_F(VerifiedChip, EveryStageIsTheEmulatorsBitForBit) {
  const auto backend = open().value();
  VerifyOptions options;
  options.encodings = &encodings();
  options.min_snr_db = 5;
  const ConstValues inputs[] = {signal()};
  const auto on_chip =
      verify_plan(imported(), plan(), devices(*backend), *reference_, inputs, options);
  ASSERT_TRUE(on_chip.has_value()) << on_chip.error().to_string();
  const auto emulated =
      verify_plan(imported(), plan(), *emulator_, *reference_, inputs, options).value();
  EXPECT_GT(on_chip->stages.size(), on_chip->outputs.size());
  expect_same(on_chip->stages, emulated.stages);
  expect_same(on_chip->outputs, emulated.outputs);
  EXPECT_EQ(on_chip->output_values, emulated.output_values);
  EXPECT_EQ(on_chip->passed, emulated.passed);
  EXPECT_EQ(on_chip->intermediates_backend, "emulator");
  EXPECT_EQ(emulated.intermediates_backend, "");
}

TEST_F(VerifiedChip, AHostOfFloatsShowsNoValuesInsidePiecesOfIntegers) {
  const auto backend = open().value();
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  Devices on(*backend, *cpu);
  on.artifacts = pieces_.source();
  VerifyOptions options;
  options.encodings = &encodings();
  options.min_snr_db = 5;
  const ConstValues inputs[] = {signal()};
  const auto report = verify_plan(imported(), plan(), on, *reference_, inputs, options);
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  EXPECT_EQ(report->intermediates_backend, "");
  EXPECT_FALSE(report->model_only.empty());
  for (const ValueCheck& stage : report->stages) EXPECT_FALSE(stage.inner) << stage.name;
}

// What a piece gives is another network's: the report says so, at a stage of that piece.
TEST_F(VerifiedChip, ACompiledPieceOfOtherWeightsIsFoundCodeByCode) {
  const ChipSegment& segment = plan().segments[0];
  Encodings wrong = encodings();
  for (auto& [name, weights] : wrong.weights) {
    if (segment.pieces[0].graph.find(name) == kNoNode) continue;
    for (int8_t& code : weights.values) code = static_cast<int8_t>(-std::max<int8_t>(code, -127));
  }
  pieces_.of(segment.pieces[0].name) = make_piece(segment.pieces[0].graph, wrong);
  const auto backend = open().value();
  const ConstValues inputs[] = {signal()};
  const auto codes = check_bit_exact(plan(), encodings(), devices(*backend), inputs);
  ASSERT_TRUE(codes.has_value()) << codes.error().to_string();
  EXPECT_FALSE(codes->passed);
  EXPECT_EQ(codes->first_failure()->where, segment.name);
  pieces_ = CompiledPieces(plan(), encodings());
  EXPECT_TRUE(check_bit_exact(plan(), encodings(), devices(*backend), inputs)->passed);
}

TEST_F(VerifiedChip, ComparedWithTheEmulatorNoValueThatLeavesAPieceDiffers) {
  const auto backend = open().value();
  const ComparedNetwork on_emulator{plan().graph, *emulator_, &encodings()};
  const ComparedNetwork on_chip{plan().graph, *backend, &encodings(), &plan(), devices(*backend)};
  const ConstValues inputs[] = {signal()};
  const auto report = compare_values(on_emulator, on_chip, inputs);
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  EXPECT_GT(report->values.size(), plan().segments.size());
  for (const ValueComparison& value : report->values)
    EXPECT_EQ(value.difference.max_abs, 0) << value.name;
  EXPECT_EQ(report->a_outputs, report->b_outputs);
  EXPECT_TRUE(std::any_of(report->b_only.begin(), report->b_only.end(), [](const auto& hidden) {
    return hidden.reason == "inside a compiled piece";
  }));
}

}  // namespace
}  // namespace tessera::stand_in
