// Each rule on the smallest network that shows what it does and where it declines: before and after
// as text. TESSERA_UPDATE_GOLDEN=1 writes the after files anew; read the difference before you keep
// it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "support/difference.h"
#include "support/random_values.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/file.h"

namespace tessera {
namespace {

std::string golden_path(std::string_view rule, std::string_view which) {
  return fmt::format("{}/tests/rewrite/golden/{}.{}.graph", TESSERA_SOURCE_DIR, rule, which);
}

std::string read_text(const std::string& path) {
  const Result<std::vector<uint8_t>> bytes = read_file(path, 1 << 20);
  if (!bytes) {
    ADD_FAILURE() << bytes.error().to_string();
    return "";
  }
  return {bytes->begin(), bytes->end()};
}

RewriteOptions only(std::string_view rule) {
  RewriteOptions options;
  options.only = {std::string(rule)};
  options.parameters.decoder_channels = 2;
  options.parameters.source = 1;
  options.parameters.calibrated["norm"] = {{0.5}, {4}};
  options.parameters.calibrated["own"] = {{1, 2}, {0.25, 1}};
  options.parameters.channel_bases["first"] = {{1, 1, 0, 2}, {1, -0.5, 0, 0.5}};
  return options;
}

class Golden : public testing::TestWithParam<const Rule*> {};

TEST_P(Golden, IsAsWritten) {
  const Rule& rule = *GetParam();
  const std::string path = golden_path(rule.name, "before");
  Result<Graph> graph = parse_graph(read_text(path), path);
  ASSERT_TRUE(graph) << graph.error().to_string();
  const Graph before = *graph;
  const Result<RewriteLog> log = rewrite(*graph, only(rule.name));
  ASSERT_TRUE(log) << log.error().to_string();
  EXPECT_EQ(log->exact, rule.exactness == Exactness::exact);

  std::string after = print_graph(*graph);
  for (const RuleReport& report : log->rules) {
    for (const RuleEvent& event : report.changed)
      after += fmt::format("# {} applied at {}: {}\n", report.rule->name, event.node, event.text);
    for (const RuleEvent& event : report.declined)
      after += fmt::format("# {} declined at {}: {}\n", report.rule->name, event.node, event.text);
    for (const RemovedNode& node : report.removed)
      after += fmt::format("# {} removed {} ({})\n", report.rule->name, node.name, node.op);
  }
  const std::string expected_path = golden_path(rule.name, "after");
  if (std::getenv("TESSERA_UPDATE_GOLDEN") != nullptr) {
    write_file_atomically(expected_path, after, {.force = true}).value();
  }
  EXPECT_EQ(after, read_text(expected_path));

  if (rule.exactness == Exactness::exact) {
    const auto inputs = test::random_inputs(before, 3);
    EXPECT_LE(
        test::relative_difference(test::run_graph(before, inputs), test::run_graph(*graph, inputs)),
        2e-6);
  }
}

std::vector<const Rule*> all_rules() {
  std::vector<const Rule*> rules;
  for (const ListedRule& listed : rewrite_rules()) rules.push_back(listed.rule);
  return rules;
}

INSTANTIATE_TEST_SUITE_P(List, Golden, testing::ValuesIn(all_rules()),
                         [](const auto& tested) { return std::string(tested.param->name); });

TEST(GoldenFiles, AreOneBeforeAndOneAfterPerRule) {
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(TESSERA_SOURCE_DIR "/tests/rewrite/golden"))
    ++files;
  EXPECT_EQ(files, 2 * rewrite_rules().size());
}

TEST(RuleFiles, AreNamedLikeTheirRules) {
  for (const ListedRule& listed : rewrite_rules()) {
    EXPECT_TRUE(std::filesystem::exists(
        fmt::format("{}/src/rewrite/rules/{}.cpp", TESSERA_SOURCE_DIR, listed.rule->name)))
        << listed.rule->name;
  }
}

TEST(Documentation, IsTheList) {
  EXPECT_EQ(read_text(TESSERA_SOURCE_DIR "/docs/rewrites.md"), rewrite_rules_markdown())
      << "write it anew: tessera rewrite --list --markdown > docs/rewrites.md";
}

}  // namespace
}  // namespace tessera
