#include "tessera/compiler/verify.h"

#include <gtest/gtest.h>

#include "support/planned.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

ImportedModel demo() {
  return import_model(TESSERA_SOURCE_DIR "/models/convtasnet_demo_gln_8k.pth", {}).value();
}

class Parity : public ::testing::TestWithParam<ParityPart> {};

INSTANTIATE_TEST_SUITE_P(Parts, Parity,
                         ::testing::Values(ParityPart::decoder, ParityPart::masker,
                                           ParityPart::chain),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

TEST_P(Parity, HoldsInEveryCaseForTheBundledSeparatorInBlocks) {
  const ImportedModel model = demo();
  const auto backend = make_backend("cpu").value();
  const auto reference = make_backend("reference").value();
  const auto cases = parity_cases(GetParam());
  EXPECT_EQ(cases.size(), 3U);
  for (const ParityCase& which : cases) {
    const auto result = run_parity(model, which, test::hailo8(), *backend, *reference);
    ASSERT_TRUE(result.has_value()) << result.error().to_string();
    EXPECT_TRUE(result->report.passed) << which.length << " x " << which.tile_frames;
    if (GetParam() == ParityPart::masker) continue;  // masks are as large as they like
    EXPECT_LE(result->report.outputs[0].difference.max_abs, 1e-5);
    EXPECT_GT(result->report.chip_calls, 1);
  }
}

TEST_P(Parity, HearsARecording) {
  const auto audio = read_audio(TESSERA_SOURCE_DIR "/models/mixtures/04_mix.wav").value();
  const auto backend = make_backend("cpu").value();
  const ParityCase which{GetParam(), GetParam() == ParityPart::chain ? 8001 : 1001, 300, 48};
  const auto result = run_parity(demo(), which, test::hailo8(), *backend, *backend,
                                 std::span<const float>(audio.channels[0]));
  ASSERT_TRUE(result.has_value()) << result.error().to_string();
  EXPECT_TRUE(result->report.passed);
  EXPECT_GT(result->audio_seconds, 0.9);
  if (GetParam() == ParityPart::masker) return;
  ASSERT_EQ(result->si_snr_db.size(), 2U);
  for (double db : result->si_snr_db) EXPECT_GT(db, 80);
}

TEST(ParityNetwork, OfTheDecoderTakesWhatEachSourceIsGiven) {
  const Graph imported = demo().graph;
  const Graph decoder = parity_network(imported, ParityPart::decoder).value();
  EXPECT_EQ(decoder.inputs().size(), 2U);
  EXPECT_EQ(decoder.node(decoder.outputs()[0].node).shape,
            imported.node(imported.outputs()[0].node).shape);
}

TEST(ParityNetwork, OfTheMaskerGivesAMaskForEachSource) {
  const Graph masker = parity_network(demo().graph, ParityPart::masker).value();
  EXPECT_EQ(masker.inputs().size(), 1U);
  EXPECT_EQ(masker.outputs().size(), 2U);
}

TEST(ParityNetwork, RefusesANetworkThatIsNoConvTasNet) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{{1, 1, 64}}, {}).value();
  editor.add_output("y", editor.add(Unary{.kind = UnaryKind::relu}, {x}).value());
  ASSERT_TRUE(editor.enter(GraphForm::imported).has_value());
  EXPECT_EQ(parity_network(graph, ParityPart::masker).error().to_string(),
            "masker: is not found: this network is no Conv-TasNet of encoder, masker and decoder "
            "('tessera verify' compares whole networks of any kind)");
}

TEST(ParityCase, RefusesARecordingThatIsTooShort) {
  const auto backend = make_backend("cpu").value();
  const std::vector<float> audio(100, 0.1F);
  const auto result = run_parity(demo(), {ParityPart::chain, 8000, 256}, test::hailo8(), *backend,
                                 *backend, std::span<const float>(audio));
  EXPECT_EQ(result.error().to_string(),
            "audio: has 100 samples, this case hears 8000 (give a longer recording)");
}

}  // namespace
}  // namespace tessera
