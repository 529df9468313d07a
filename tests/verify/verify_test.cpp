// Verification passes the same network and fails every other one, naming the stage.
#include "tessera/compiler/verify.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "support/conv_tasnet.h"
#include "support/graph_text.h"
#include "support/planned.h"
#include "support/random_values.h"

namespace tessera {
namespace {

using test::Planned;

test::ConvTasNet small(NormKind norm = NormKind::global) {
  return test::small_conv_tasnet(2003, norm);
}

Result<VerifyReport> verified(const Planned& planned, const VerifyOptions& options = {},
                              std::string_view backend_name = "cpu") {
  const auto backend = make_backend(backend_name).value();
  const auto reference = make_backend("reference").value();
  const std::vector<float> signal =
      verification_signal(planned.imported.node(planned.imported.inputs()[0]).shape);
  const std::vector<ConstValues> inputs{signal};
  return verify_plan(planned.imported, planned.plan, *backend, *reference, inputs, options);
}

std::string failures(const VerifyReport& report) {
  std::string text;
  for (const auto* list : {&report.stages, &report.outputs}) {
    for (const ValueCheck& stage : *list) {
      if (!stage.passed) {
        text += fmt::format("{} ({} in {}): {:.3g} of {:.3g}\n", stage.name, stage.value,
                            stage.where, stage.difference.max_abs, stage.difference.peak);
      }
    }
  }
  return text;
}

// A convolution of the plan's pieces, by the name of the plan's node, changed in place.
void change_piece_weight(Plan& plan, const std::string& node, float by) {
  int changed = 0;
  for (ChipSegment& segment : plan.segments) {
    for (Piece& piece : segment.pieces) {
      const NodeId id = piece.graph.find(node);
      if (id == kNoNode) continue;
      Conv conv = *piece.graph.get_if<Conv>(id);
      std::vector<float> values(conv.weight.values().begin(), conv.weight.values().end());
      values[values.size() / 2] += by;
      conv.weight = Tensor(conv.weight.dims(), std::move(values));
      GraphEditor editor(piece.graph, "test");
      ASSERT_TRUE(editor.replace(id, conv, piece.graph.node(id).inputs).has_value());
      ++changed;
    }
  }
  ASSERT_GT(changed, 0) << node;
}

TEST(VerifyPlan, PassesTheSameNetworkWhateverItsNorm) {
  for (NormKind norm : {NormKind::global, NormKind::feature_wise, NormKind::channel_wise,
                        NormKind::cumulative, NormKind::batch}) {
    const auto report = verified(test::plan_for(build(small(norm)), {.tile_frames = 64}));
    ASSERT_TRUE(report.has_value()) << report.error().to_string();
    EXPECT_TRUE(report->passed) << to_string(norm) << "\n" << failures(*report);
  }
}

// Every node that computes something is compared, whole or in all the slices that read it, or is
// said not to be.
void expect_every_value_accounted_for(const Graph& imported, const VerifyReport& report) {
  std::set<std::string> named;
  for (const ValueCheck& stage : report.stages) named.insert(stage.name);
  EXPECT_FALSE(named.empty());
  for (const NotCompared& missing : report.model_only) named.insert(missing.name);
  const auto is_named_slice = [&](NodeId id) {
    return imported.get_if<Slice>(id) != nullptr && named.contains(imported.node(id).name);
  };
  for (NodeId id : imported.order()) {
    if (imported.get_if<Input>(id) != nullptr || named.contains(imported.node(id).name)) continue;
    const auto users = imported.users(id);
    EXPECT_FALSE(users.empty()) << imported.node(id).name;
    EXPECT_TRUE(std::all_of(users.begin(), users.end(), is_named_slice)) << imported.node(id).name;
  }
}

TEST(VerifyPlan, ComparesEveryValueOfTheNetwork) {
  for (NormKind norm : {NormKind::global, NormKind::batch}) {
    const Planned planned = test::plan_for(build(small(norm)), {.tile_frames = 64});
    const VerifyReport report = verified(planned).value();
    expect_every_value_accounted_for(planned.imported, report);
    EXPECT_EQ(report.model_only.empty(), norm == NormKind::global);
    for (const NotCompared& missing : report.model_only) {
      EXPECT_EQ(missing.op, "norm.batch") << missing.name << ": " << missing.reason;
      EXPECT_EQ(missing.reason, "folded into the weights of what reads it");
    }
    for (const NotCompared& extra : report.plan_only)
      ADD_FAILURE() << to_string(norm) << " " << extra.name << ": " << extra.reason;
  }
}

TEST(VerifyPlan, ComparesEveryValueOfTheNetworkInChannelBlocksToo) {
  const Planned planned = test::plan_for(build(small()), {.tile_frames = 64, .block_channels = 8});
  const VerifyReport report = verified(planned).value();
  EXPECT_TRUE(report.passed) << failures(report);
  expect_every_value_accounted_for(planned.imported, report);
  for (const NotCompared& missing : report.model_only)
    ADD_FAILURE() << missing.name << ": " << missing.reason;
  for (const NotCompared& extra : report.plan_only)
    EXPECT_NE(extra.reason.find("partial sum"), std::string::npos) << extra.name << extra.reason;
}

// The norm's scale is in the taps then, its shift behind their overlap.
TEST(VerifyPlan, ComparesTheTapsOfATransposedConvolutionThatANormWasFoldedInto) {
  Graph graph;
  GraphEditor editor(graph, "import");
  test::Random random(5);
  const NodeId x = editor.add(Input{{3, 1, 40}}, {}).value();
  const NodeId up =
      editor
          .add(ConvTranspose{.weight = random.tensor({3, 2, 1, 4}, -1, 1), .stride = {1, 2}}, {x},
               "up")
          .value();
  const NodeId norm = editor
                          .add(Norm{.kind = NormKind::batch,
                                    .gamma = random.tensor({2}, 1.5F, 2),
                                    .beta = random.tensor({2}, -1, 1),
                                    .eps = 1e-5,
                                    .mean = random.tensor({2}, -1, 1),
                                    .variance = random.tensor({2}, 0.5F, 2)},
                               {up}, "norm")
                          .value();
  const NodeId affine =
      editor.add(Affine{random.tensor({2}, 2, 3), random.tensor({2}, -1, 1)}, {norm}, "affine")
          .value();
  editor.add_output("y", editor.add(Unary{.kind = UnaryKind::tanh}, {affine}).value());
  ASSERT_TRUE(editor.enter(GraphForm::imported).has_value());
  const Result<VerifyReport> report = verified(test::plan_for(graph, {}));
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  EXPECT_TRUE(report->passed) << failures(*report);
  const auto taps = std::find_if(report->stages.begin(), report->stages.end(),
                                 [](const ValueCheck& stage) { return stage.value == "up.taps"; });
  ASSERT_NE(taps, report->stages.end());
  EXPECT_EQ(taps->how, "taps of 'up' before they overlap, with 'affine' folded in");
}

TEST(VerifyPlan, FindsTheRolesOfAConvTasNet) {
  const VerifyReport report = verified(test::plan_for(build(small()), {.tile_frames = 64})).value();
  std::set<std::string> expected{"encoder",      "bottleneck",       "skip_sum",
                                 "mask_score",   "mask_output",      "masker_output",
                                 "masked_rep",   "source_projector", "decoder_pre",
                                 "decoder_head", "decoder_output",   "final_output"};
  for (int block = 0; block < 6; ++block) {
    for (const char* part : {"in", "depth", "skip", "residual"}) {
      // The last residual is computed for nobody.
      if (block == 5 && std::string(part) == "residual") continue;
      expected.insert(fmt::format("tcn{}_{}", block, part));
    }
  }
  std::set<std::string> found;
  for (const auto& [name, role] : report.roles) found.insert(name);
  EXPECT_EQ(found, expected);
}

TEST(VerifyPlan, NamesTheStageWhosePieceHasAWrongWeight) {
  Planned planned = test::plan_for(build(small()), {.tile_frames = 64});
  ASSERT_TRUE(verified(planned)->passed);
  change_piece_weight(planned.plan, "tcn.3.depthwise", 0.01F);
  for (bool inner : {false, true}) {
    const VerifyReport report = verified(planned, {.intermediates = inner}).value();
    EXPECT_FALSE(report.passed);
    ASSERT_NE(report.first_failure(), nullptr);
    EXPECT_EQ(report.first_failure()->name, inner ? "tcn.3.depthwise" : "tcn.3.prelu2");
    EXPECT_FALSE(report.roles.at("tcn3_depth").passed);
    EXPECT_TRUE(report.roles.at("tcn2_depth").passed);
    EXPECT_FALSE(report.roles.at("final_output").passed);
  }
}

// The segment as if every tile were a sequence of its own: zeros where its neighbours are.
void drop_halo(const Graph& graph, ChipSegment& segment, int64_t frames) {
  ASSERT_EQ(segment.tiling.phases, 1);
  ASSERT_EQ(segment.tiling.layout, Layout::row);
  Piece& piece = segment.pieces.front();
  Graph tile;
  GraphEditor editor(tile, "test");
  std::map<NodeId, NodeId> made;
  for (NodeId id : segment.reads) {
    const Shape& shape = graph.node(id).shape;
    made[id] = editor.add(Input{{shape.c, shape.h, frames}}, {}).value();
  }
  for (NodeId id : segment.nodes) {
    std::vector<NodeId> operands;
    for (NodeId input : graph.node(id).inputs) operands.push_back(made.at(input));
    made[id] = editor.add(graph.node(id).op, operands).value();
  }
  for (NodeId id : segment.writes) editor.add_output(graph.node(id).name, made.at(id));
  ASSERT_TRUE(editor.enter(graph.form()).has_value());
  piece.graph = tile;
  for (int64_t& read : piece.frames) read = frames;
  for (PieceCall& call : segment.calls) {
    call.piece = 0;
    for (Tile& each : call.tiles) {
      for (int64_t& begin : each.read_begin) begin = each.write_begin;
    }
  }
}

TEST(VerifyPlan, NamesTheStageWhoseTilesHaveNoHalo) {
  test::ConvTasNet network = small();
  network.samples = 255 * network.stride + network.kernel;  // 256 frames: four whole tiles
  Planned planned =
      test::plan_for(build(network), {.layout = LayoutChoice::row, .tile_frames = 64});
  const Graph& graph = planned.plan.graph;
  for (ChipSegment& segment : planned.plan.segments) {
    const auto holds = [&](const char* name) {
      return std::find(segment.nodes.begin(), segment.nodes.end(), graph.find(name)) !=
             segment.nodes.end();
    };
    if (holds("tcn.3.depthwise")) drop_halo(graph, segment, 64);
    // A tile that needs no neighbour stays right even so: the test's own surgery breaks nothing.
    if (holds("tcn.1.in")) drop_halo(graph, segment, 64);
  }
  const VerifyReport report = verified(planned, {.intermediates = false}).value();
  EXPECT_FALSE(report.passed);
  ASSERT_NE(report.first_failure(), nullptr);
  EXPECT_EQ(report.first_failure()->name, "tcn.3.prelu2");
  // The first frames of a tile, or the last: where the neighbour is missing.
  EXPECT_TRUE(report.first_failure()->difference.worst_at % 64 == 0 ||
              report.first_failure()->difference.worst_at % 64 == 63);
}

TEST(VerifyPlan, NamesTheStageWhoseTilesAreOneFrameOff) {
  Planned planned =
      test::plan_for(build(small()), {.layout = LayoutChoice::row, .tile_frames = 64});
  const NodeId depthwise = planned.plan.graph.find("tcn.0.depthwise");
  for (ChipSegment& segment : planned.plan.segments) {
    if (std::find(segment.nodes.begin(), segment.nodes.end(), depthwise) == segment.nodes.end())
      continue;
    for (PieceCall& call : segment.calls) {
      for (Tile& tile : call.tiles) tile.read_begin[0] += tile.write_begin > 0 ? 1 : 0;
    }
  }
  const VerifyReport report = verified(planned, {.intermediates = false}).value();
  ASSERT_NE(report.first_failure(), nullptr);
  EXPECT_EQ(report.first_failure()->name, "tcn.0.prelu2");
}

TEST(VerifyPlan, NamesTheSourceThatWasGivenAnothersMaskFilter) {
  const Graph imported = build(small());
  Graph legal = imported;
  ASSERT_TRUE(rewrite(legal).has_value());
  const NodeId first = legal.find("mask.source0");
  const NodeId second = legal.find("mask.source1");
  ASSERT_NE(first, kNoNode);
  GraphEditor editor(legal, "test");
  ASSERT_TRUE(editor.replace(second, legal.node(first).op, legal.node(second).inputs).has_value());
  const Planned planned{imported, make_plan(legal, test::hailo8(), {.tile_frames = 64}).value()};
  const VerifyReport report = verified(planned).value();
  EXPECT_FALSE(report.passed);
  ASSERT_NE(report.first_failure(), nullptr);
  EXPECT_EQ(report.first_failure()->value, "mask.source1");
  EXPECT_FALSE(report.roles.at("mask_score").passed);
  EXPECT_TRUE(report.roles.at("skip_sum").passed);
}

TEST(VerifyPlan, NamesANormThatLostItsStatistics) {
  const Graph imported = build(small());
  Graph legal = imported;
  ASSERT_TRUE(rewrite(legal).has_value());
  const NodeId id = legal.find("tcn.1.norm2.statistics");
  ASSERT_NE(id, kNoNode);
  NormStatistics statistics = *legal.get_if<NormStatistics>(id);
  statistics.gamma = Tensor::full(statistics.gamma.dims(), 1);
  GraphEditor editor(legal, "test");
  ASSERT_TRUE(editor.replace(id, statistics, legal.node(id).inputs).has_value());
  const Planned planned{imported, make_plan(legal, test::hailo8(), {.tile_frames = 64}).value()};
  const VerifyReport report = verified(planned).value();
  ASSERT_NE(report.first_failure(), nullptr);
  EXPECT_EQ(report.first_failure()->value, "tcn.1.norm2.statistics");
}

TEST(VerifyPlan, HoldsQuietValuesToTheirPeak) {
  const Graph network = test::graph_of(R"(%x = input() shape=[1,1,400] -> [1,1,400]
    %quiet = conv(%x) weight=@small[1,1,1,3] padding=[0,0,1,1] -> [1,1,400]
    %r = unary.relu(%quiet) -> [1,1,400]
    %loud = conv(%r) weight=@large[1,1,1,3] padding=[0,0,1,1] -> [1,1,400]
    output "y" = %loud
    weights
    @small 3 values 0.02 -0.01 0.01
    @large 3 values 500 200 300)",
                                       GraphForm::imported);
  const VerifyReport report = verified(test::plan_for(network, {.tile_frames = 64})).value();
  const auto stage_of = [&](std::string_view name) {
    const auto found = std::find_if(report.stages.begin(), report.stages.end(),
                                    [&](const ValueCheck& stage) { return stage.name == name; });
    EXPECT_NE(found, report.stages.end()) << name;
    return found == report.stages.end() ? ValueCheck{} : *found;
  };
  const ValueCheck quiet = stage_of("quiet");
  ASSERT_LT(quiet.difference.peak, 0.1);
  EXPECT_DOUBLE_EQ(quiet.tolerance, 1e-4 * quiet.difference.peak);
  const ValueCheck loud = stage_of("loud");
  ASSERT_GT(loud.difference.peak, 1);
  EXPECT_DOUBLE_EQ(loud.tolerance, 1e-5 * loud.difference.peak);
}

TEST(VerifyPlan, RefusesAPlanOfAnotherLength) {
  Planned planned = test::plan_for(build(small()), {.tile_frames = 64});
  test::ConvTasNet longer = small();
  longer.samples = 2011;
  planned.imported = build(longer);
  const auto report = verified(planned);
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().to_string(),
            "input 'wav': is [1,1,2003] in the plan, [1,1,2011] in the network (verify it with "
            "the network that it was made from, at the same length)");
}

TEST(VerifyPlan, RefusesSilence) {
  const Planned planned = test::plan_for(build(small()), {.tile_frames = 64});
  const auto backend = make_backend("cpu").value();
  const std::vector<float> silence(2003, 0.0F);
  const std::vector<ConstValues> inputs{silence};
  EXPECT_EQ(
      verify_plan(planned.imported, planned.plan, *backend, *backend, inputs).error().to_string(),
      "inputs: are silent: a comparison on silence could not fail (verify with a signal)");
}

TEST(Difference, IsInfiniteWhereAValueIsNotFinite) {
  const std::vector<float> numbers{1, 2, 3};
  const std::vector<float> broken{1, NAN, 3};
  EXPECT_EQ(difference(numbers, broken).max_abs, INFINITY);
  EXPECT_EQ(difference(broken, broken).max_abs, INFINITY);
  EXPECT_EQ(difference(numbers, broken).worst_at, 1);
  EXPECT_EQ(difference(numbers, numbers).max_abs, 0);
  EXPECT_EQ(difference(numbers, numbers).snr_db, INFINITY);
}

TEST(VerificationSignal, IsTheSameEveryTimeAndNeverRepeatsItself) {
  const auto signal = verification_signal({1, 1, 8000});
  EXPECT_EQ(signal, verification_signal({1, 1, 8000}));
  for (float value : signal) ASSERT_LE(std::abs(value), 0.35F);
  EXPECT_NE(std::vector<float>(signal.begin(), signal.begin() + 100),
            std::vector<float>(signal.begin() + 100, signal.begin() + 200));
}

}  // namespace
}  // namespace tessera
