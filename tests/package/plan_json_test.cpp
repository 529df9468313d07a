// plan.json: a recipe comes back as it was, and nothing else is taken for one.
#include "package/plan_json.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

Plan small_plan() {
  Plan plan;
  plan.recipe.target = "hailo8";
  plan.recipe.block_channels = 64;
  plan.recipe.masks_on_chip = true;
  plan.recipe.dilation = 2;
  plan.recipe.kernels_read_host = true;
  plan.recipe.on_host = {{"gelu_1", "activation"}};
  plan.recipe.kept_by_host = {{"slice_1", "moves data between segments"}};
  plan.recipe.padded_by_host = {"conv_1", "conv_7"};
  plan.recipe.frame_constants_read = true;
  plan.recipe.segments = {{"seg00", {Layout::row, 300, 1, 1}, Verdict::fits},
                          {"seg01", {Layout::stripes, 64, 8, 16}, Verdict::unknown}};
  return plan;
}

std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string refusal(const std::string& from, const std::string& to) {
  std::string text = print_plan(small_plan());
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  const auto recipe = parse_recipe(bytes_of(text));
  return recipe ? "read" : recipe.error().to_string();
}

TEST(PlanJson, GivesTheRecipeBack) {
  const Plan plan = small_plan();
  const std::string text = print_plan(plan);
  const auto recipe = parse_recipe(bytes_of(text));
  ASSERT_TRUE(recipe.has_value()) << recipe.error().to_string();
  EXPECT_EQ(recipe->target, "hailo8");
  EXPECT_EQ(recipe->block_channels, 64);
  EXPECT_FALSE(recipe->encoder_on_chip);
  EXPECT_TRUE(recipe->masks_on_chip);
  EXPECT_EQ(recipe->dilation, 2);
  EXPECT_TRUE(recipe->kernels_read_host);
  EXPECT_EQ(recipe->on_host, plan.recipe.on_host);
  EXPECT_EQ(recipe->kept_by_host, plan.recipe.kept_by_host);
  EXPECT_EQ(recipe->padded_by_host, plan.recipe.padded_by_host);
  EXPECT_TRUE(recipe->frame_constants_read);
  ASSERT_EQ(recipe->segments.size(), 2U);
  EXPECT_EQ(recipe->segments[1].tiling, plan.recipe.segments[1].tiling);
  EXPECT_EQ(recipe->segments[1].verdict, Verdict::unknown);
}

TEST(PlanJson, ReadsThePlansOfVersionsWithoutFallbacks) {
  std::string text = print_plan(small_plan());
  for (const char* key : {"kept_by_host", "padded_by_host", "frame_constants_read"}) {
    const size_t at = text.find(key);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, 4, "past");
  }
  const auto recipe = parse_recipe(bytes_of(text));
  ASSERT_TRUE(recipe.has_value()) << recipe.error().to_string();
  EXPECT_TRUE(recipe->kept_by_host.empty());
  EXPECT_TRUE(recipe->padded_by_host.empty());
  EXPECT_FALSE(recipe->frame_constants_read);
}

TEST(PlanJson, RefusesWhatNoPlanWrites) {
  EXPECT_EQ(refusal("\"tile_frames\": 300", "\"tile_frames\": 0"),
            "plan.json.recipe.segments[0].tile_frames: is not within 1 .. 16777216");
  EXPECT_EQ(refusal("\"stripes\": 8", "\"stripes\": 18446744073709551615"),
            "plan.json.recipe.segments[1].stripes: is not within 1 .. 65536");
  EXPECT_EQ(refusal("\"row\"", "\"column\""),
            "plan.json.recipe.segments[0].layout: is 'column', no layout");
  EXPECT_EQ(refusal("\"fits\"", "\"may fit\""),
            "plan.json.recipe.segments[0].verdict: is 'may fit', no verdict");
  EXPECT_EQ(refusal("\"masks_on_chip\": true", "\"masks_on_chip\": 1"),
            "plan.json.recipe.masks_on_chip: is not true or false");
  EXPECT_EQ(refusal("\"conv_7\"", "7"), "plan.json.recipe.padded_by_host: is not of strings");
  EXPECT_EQ(refusal("\"recipe\"", "\"receipt\""), "plan.json.recipe: is missing");
}

}  // namespace
}  // namespace tessera
