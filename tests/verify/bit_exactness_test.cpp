// Codes of a stitched run against those of the same arithmetic uncut.
#include "tessera/compiler/verify.h"

#include <gtest/gtest.h>

#include "support/conv_tasnet.h"
#include "support/planned.h"
#include "support/random_values.h"
#include "tessera/compiler/calibrate.h"

namespace tessera {
namespace {

struct Quantized {
  test::Planned planned;
  Encodings encodings;
};

Quantized quantized(NormKind norm, const PlanOptions& plan, const QuantizeOptions& options = {}) {
  test::ConvTasNet network = test::small_conv_tasnet(2003, norm);
  network.blocks = 2;
  Quantized made{test::plan_for(build(network), plan), {}};
  const Graph& graph = made.planned.plan.graph;
  TensorStatistics statistics;
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  const std::vector<std::vector<float>> windows{test::random_inputs(graph, 1)[0],
                                                test::random_inputs(graph, 2)[0]};
  EXPECT_TRUE(calibrate(graph, options, *cpu, windows, statistics).has_value());
  auto encodings = quantize(graph, statistics, options);
  EXPECT_TRUE(encodings.has_value()) << encodings.error().to_string();
  made.encodings = std::move(encodings).value();
  return made;
}

Result<BitExactReport> checked(const Quantized& made, std::vector<float> signal = {}) {
  const Graph& graph = made.planned.plan.graph;
  if (signal.empty()) signal = verification_signal(graph.node(graph.inputs()[0]).shape);
  const auto emulator = make_backend("emulator").value();
  const std::vector<ConstValues> inputs{signal};
  return check_bit_exact(made.planned.plan, made.encodings, *emulator, inputs);
}

TEST(CodeCheck, EveryCodeOfAStitchedRunIsThatOfTheUncutReference) {
  for (NormKind norm : {NormKind::global, NormKind::channel_wise, NormKind::batch}) {
    for (bool wide : {false, true}) {
      for (int64_t frames : {7, 64}) {
        QuantizeOptions options;
        options.int16 = wide;
        const auto report = checked(quantized(norm, {.tile_frames = frames}, options));
        ASSERT_TRUE(report.has_value()) << report.error().to_string();
        EXPECT_TRUE(report->passed) << to_string(norm) << " " << report->first_failure()->value;
        EXPECT_GT(report->codes, 5'000) << to_string(norm);
      }
    }
  }
}

TEST(CodeCheck, EncoderMasksAndDecoderOnTheChipToo) {
  QuantizeOptions options;
  options.encoder_in_integers = true;
  options.masks_in_integers = true;
  const auto report = checked(
      quantized(NormKind::global, {.encoder_on_chip = true, .masks_on_chip = true}, options));
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  EXPECT_TRUE(report->passed) << report->first_failure()->value;
}

TEST(CodeCheck, ATileThatReadsTheFrameBesideItsOwnIsNamed) {
  Quantized made = quantized(NormKind::global, {.layout = LayoutChoice::row, .tile_frames = 32});
  ChipSegment& segment = made.planned.plan.segments[1];
  ASSERT_GT(segment.calls.size(), 2U);
  Tile& tile = segment.calls[1].tiles[0];
  for (int64_t& begin : tile.read_begin) --begin;
  const auto report = checked(made);
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  ASSERT_FALSE(report->passed);
  const BorderCheck& bad = *report->first_failure();
  EXPECT_EQ(bad.where, segment.name);
  EXPECT_EQ(bad.call, 1);
  EXPECT_EQ(bad.piece, segment.pieces[static_cast<size_t>(segment.calls[1].piece)].name);
  EXPECT_GE(bad.frame, tile.write_begin);
  EXPECT_LT(bad.frame, tile.write_begin + tile.write_frames);
  EXPECT_NE(bad.expected, bad.actual);
}

// Each step is computed from what it read: one wrong step does not make the next ones wrong.
TEST(CodeCheck, OneWrongSegmentFailsAlone) {
  Quantized made = quantized(NormKind::global, {.layout = LayoutChoice::row, .tile_frames = 32});
  for (int64_t& begin : made.planned.plan.segments[1].calls[1].tiles[0].read_begin) --begin;
  const auto report = checked(made);
  ASSERT_TRUE(report.has_value());
  for (const BorderCheck& border : report->borders) {
    if (border.where != made.planned.plan.segments[1].name) {
      EXPECT_TRUE(border.passed()) << border.value;
    }
  }
}

TEST(CodeCheck, AnInputOfAnotherSizeIsRefused) {
  const auto report = checked(quantized(NormKind::global, {}), std::vector<float>(5, 1.0F));
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidArgument);
}

TEST(Verify, IntegersAreHeldToTheSignalThatIsLeft) {
  const Quantized made = quantized(NormKind::global, {});
  const auto emulator = make_backend("emulator").value();
  const auto reference = make_backend("reference").value();
  const std::vector<float> signal = test::random_inputs(made.planned.imported, 9)[0];
  const std::vector<ConstValues> inputs{signal};
  for (double limit : {15.0, 90.0}) {
    const auto report = verify_plan(made.planned.imported, made.planned.plan, *emulator, *reference,
                                    inputs, {.encodings = &made.encodings, .min_snr_db = limit});
    ASSERT_TRUE(report.has_value()) << report.error().to_string();
    EXPECT_EQ(report->passed, limit < 20) << report->outputs[0].difference.snr_db;
    EXPECT_GT(report->outputs[0].difference.cosine, 0.98);
    for (const ValueCheck& stage : report->stages) EXPECT_TRUE(stage.passed) << stage.name;
  }
}

TEST(Difference, CosineIsThatOfTheAngle) {
  const std::vector<float> x{1, 2, -3};
  const std::vector<float> twice{2, 4, -6};
  const std::vector<float> across{3, 0, 1};
  const std::vector<float> silent{0, 0, 0};
  EXPECT_DOUBLE_EQ(difference(x, twice).cosine, 1.0);
  EXPECT_NEAR(difference(x, across).cosine, 0.0, 1e-12);
  EXPECT_EQ(difference(silent, silent).cosine, 1.0);
  EXPECT_EQ(difference(silent, x).cosine, 0.0);
}

}  // namespace
}  // namespace tessera
