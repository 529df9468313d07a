#include "report/floor_plan_drawing.h"

#include <gtest/gtest.h>

#include "svg_labels.h"

namespace tessera {
namespace {

FloorPlan small_plan() {
  FloorPlan plan;
  plan.title = "a<b";
  plan.facts = {"two clusters"};
  FloorCluster busy{0, {{"units", 15, 16}, {"cuts", 2, 128}}, {}};
  for (int i = 0; i < 40; ++i) {
    busy.layers.push_back({"a_layer_whose_name_is_long_" + std::to_string(i), 8});
  }
  plan.clusters = {busy, {1, {{"units", 0, 16}, {"cuts", 0, 128}}, {}}};
  return plan;
}

TEST(FloorPlanDrawing, NamesTheFullestUnitOfAClusterAndEmptyOnes) {
  const std::string svg = draw_floor_plans({small_plan()});
  EXPECT_NE(svg.find(">units 94 %<"), std::string::npos);
  EXPECT_NE(svg.find(">empty<"), std::string::npos);
  EXPECT_NE(svg.find(">15 / 16<"), std::string::npos);
  EXPECT_NE(svg.find("a&lt;b"), std::string::npos);
}

TEST(FloorPlanDrawing, ManyLayersAreCountedNotDrawnOverOneAnother) {
  const std::string svg = draw_floor_plans({small_plan(), small_plan()});
  EXPECT_NE(svg.find(">and 17 more<"), std::string::npos);
  EXPECT_EQ(test::overlapping(test::drawn_labels(svg)), std::vector<std::string>());
}

TEST(FloorPlanDrawing, NothingIsAPictureToo) {
  EXPECT_NE(draw_floor_plans({}).find("<svg"), std::string::npos);
}

}  // namespace
}  // namespace tessera
