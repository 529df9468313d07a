// Networks whose dilated convolutions do not all run by phases: crops, even kernels, strides, pools
// between. Each gets a plan for every target, and the plan gives what ONNX Runtime computed.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/npy.h"
#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/session.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const fs::path kData = TESSERA_SOURCE_DIR "/tests/data";

// A network with arrays as its file lays them.
struct Given {
  fs::path model;
  std::vector<fs::path> inputs;
  std::vector<fs::path> outputs;
};

std::vector<fs::path> numbered(const fs::path& stem, std::string_view kind) {
  std::vector<fs::path> list;
  while (true) {
    fs::path path = stem;
    path += fmt::format(".{}{}.npy", kind, list.size());
    if (!fs::exists(path)) return list;
    list.push_back(std::move(path));
  }
}

std::vector<Given> networks() {
  const fs::path field = kData / "field/plan_dilated_crop";
  std::vector<Given> list{
      {field / "crop.onnx", {field / "crop_in.npy"}, {field / "crop_expected.npy"}}};
  for (const auto& entry : fs::directory_iterator(kData / "onnx/dilated")) {
    if (entry.path().extension() != ".onnx") continue;
    const fs::path stem = fs::path(entry.path()).replace_extension();
    list.push_back({entry.path(), numbered(stem, "in"), numbered(stem, "out")});
  }
  std::sort(list.begin(), list.end(),
            [](const Given& a, const Given& b) { return a.model < b.model; });
  return list;
}

std::vector<PlanOptions> searches() {
  return {{},
          {.layout = LayoutChoice::row, .tile_frames = 5},
          {.layout = LayoutChoice::stripes, .tile_frames = 7},
          {.block_channels = 2},
          {.fixed_length = true},
          {.encoder_on_chip = true, .masks_on_chip = true}};
}

Target target_named(const std::string& name) {
  return read_target(TESSERA_SOURCE_DIR "/targets/" + name + ".toml").value();
}

// One that is known to have no dilation at all.
Target without_dilation() {
  Target target = target_named("hailo8");
  target.limits.at("dilation").pass = 1;
  target.limits.at("dilation").fail = 2;
  return target;
}

Graph legal_of(const Graph& imported) {
  Graph legal = imported;
  const Result<RewriteLog> log = rewrite(legal);
  EXPECT_TRUE(log.has_value()) << log.error().to_string();
  EXPECT_EQ(legal.form(), GraphForm::legal) << log->not_legal;
  return legal;
}

// The widest dilation of any piece.
int64_t widest_dilation(const Plan& plan) {
  int64_t widest = 1;
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces) {
      for (NodeId id : piece.graph.order()) {
        const auto* conv = piece.graph.get_if<Conv>(id);
        if (conv != nullptr) widest = std::max({widest, conv->dilation.w, conv->dilation.h});
      }
    }
  }
  return widest;
}

class DilatedNetwork : public testing::TestWithParam<Given> {
 protected:
  void SetUp() override {
    Result<ImportedModel> model = import_model(GetParam().model);
    ASSERT_TRUE(model.has_value()) << model.error().to_string();
    model_ = std::move(*model);
    for (const fs::path& path : GetParam().inputs) {
      const NpyArray array = read_npy(path).value();
      std::vector<float>& values = inputs_.emplace_back(array.values.size());
      const size_t i = inputs_.size() - 1;
      ASSERT_TRUE(to_graph_layout(model_.inputs[i], array.values, values).has_value());
    }
    for (const fs::path& path : GetParam().outputs) expected_.push_back(read_npy(path).value());
    ASSERT_EQ(inputs_.size(), model_.graph.inputs().size());
    ASSERT_EQ(expected_.size(), model_.graph.outputs().size());
  }

  void expect_right(const Plan& plan, const std::string& what) {
    const auto backend = make_backend("reference").value();
    Result<Session> session = Session::create(plan, *backend);
    ASSERT_TRUE(session.has_value()) << what << ": " << session.error().to_string();
    const std::vector<ConstValues> views(inputs_.begin(), inputs_.end());
    const auto outputs = session->run(views);
    ASSERT_TRUE(outputs.has_value()) << what << ": " << outputs.error().to_string();
    for (size_t i = 0; i < expected_.size(); ++i) {
      std::vector<float> actual(outputs->at(i).size());
      ASSERT_TRUE(to_file_layout(model_.outputs[i], outputs->at(i), actual).has_value());
      ASSERT_EQ(actual.size(), expected_[i].values.size()) << what;
      for (size_t k = 0; k < actual.size(); ++k) {
        ASSERT_NEAR(actual[k], expected_[i].values[k], 2e-6) << what << ", value " << k;
      }
    }
  }

  ImportedModel model_;
  std::vector<std::vector<float>> inputs_;
  std::vector<NpyArray> expected_;
};

TEST_P(DilatedNetwork, IsPlannedForEveryTargetAndStaysTheSameNetwork) {
  const Graph legal = legal_of(model_.graph);
  for (const Target& target : {target_named("hailo8"), target_named("hailo8l"),
                               target_named("generic"), without_dilation()}) {
    const Result<Plan> plan = make_plan(legal, target);
    ASSERT_TRUE(plan.has_value()) << target.name << ": " << plan.error().to_string();
    EXPECT_EQ(plan->verdict, Verdict::fits);
    EXPECT_LE(widest_dilation(*plan), target.limit("dilation").pass.value_or(1)) << target.name;
    expect_right(*plan, target.name);
    const Result<Plan> again = replay_plan(legal, target, plan->recipe);
    ASSERT_TRUE(again.has_value()) << again.error().to_string();
    expect_right(*again, target.name + " by its recipe");
  }
}

TEST_P(DilatedNetwork, IsPlannedUnderEveryOption) {
  const Graph legal = legal_of(model_.graph);
  const Target target = target_named("hailo8");
  int number = 0;
  for (const PlanOptions& options : searches()) {
    const Result<Plan> plan = make_plan(legal, target, options);
    ASSERT_TRUE(plan.has_value()) << number << ": " << plan.error().to_string();
    expect_right(*plan, fmt::format("options {}", number++));
  }
}

TEST(DilatedNetworks, AreAllThere) {
  EXPECT_GE(networks().size(), 22U);
}

INSTANTIATE_TEST_SUITE_P(Files, DilatedNetwork, testing::ValuesIn(networks()),
                         [](const auto& tested) { return tested.param.model.stem().string(); });

// Every network that can be written down gets a plan, whatever the host must do of it.
TEST(PlanOfARandomNetwork, IsThatNetwork) {
  const Target target = target_named("hailo8");
  int64_t segments = 0;
  for (uint32_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    const Graph graph = test::random_graph(seed, {.nodes = 16});
    Graph legal = graph;
    const Result<RewriteLog> log = rewrite(legal);
    ASSERT_TRUE(log.has_value()) << log.error().to_string();
    if (legal.form() != GraphForm::legal) continue;
    const Result<Plan> plan = make_plan(legal, target);
    ASSERT_TRUE(plan.has_value()) << plan.error().to_string();
    segments += static_cast<int64_t>(plan->segments.size());
    const auto backend = make_backend("reference").value();
    Result<Session> session = Session::create(*plan, *backend);
    ASSERT_TRUE(session.has_value()) << session.error().to_string();
    const auto inputs = test::random_inputs(graph, seed);
    const auto expected = test::run_graph(graph, inputs);
    const std::vector<ConstValues> views(inputs.begin(), inputs.end());
    const auto actual = session->run(views).value();
    for (size_t i = 0; i < expected.size(); ++i) {
      double peak = 1e-6;
      for (float value : expected[i]) peak = std::max(peak, std::abs(static_cast<double>(value)));
      for (size_t k = 0; k < expected[i].size(); ++k) {
        ASSERT_NEAR(actual[i][k], expected[i][k], 1e-4 * peak) << "output " << i << ", " << k;
      }
    }
  }
  EXPECT_GT(segments, 300);
}

}  // namespace
}  // namespace tessera
