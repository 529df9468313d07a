#include "tessera/compiler/rewrite.h"

#include <gtest/gtest.h>

#include <set>

#include "support/conv_tasnet.h"

namespace tessera {
namespace {

const test::ConvTasNet kSmall{.samples = 500,
                              .filters = 16,
                              .bottleneck = 8,
                              .hidden = 12,
                              .skip = 8,
                              .blocks = 3,
                              .repeats = 2};

const RuleReport& report_of(const RewriteLog& log, std::string_view rule) {
  for (const RuleReport& report : log.rules) {
    if (report.rule->name == rule) return report;
  }
  ADD_FAILURE() << rule << " did not run";
  return log.rules.front();
}

bool ran(const RewriteLog& log, std::string_view rule) {
  for (const RuleReport& report : log.rules) {
    if (report.rule->name == rule) return true;
  }
  return false;
}

TEST(RewriteRules, HaveUniqueNamesAndAReasonEach) {
  std::set<std::string_view> names;
  for (const ListedRule& listed : rewrite_rules()) {
    EXPECT_TRUE(names.insert(listed.rule->name).second) << listed.rule->name;
    EXPECT_FALSE(listed.rule->summary.empty()) << listed.rule->name;
    EXPECT_FALSE(listed.reason.empty()) << listed.rule->name;
  }
}

TEST(RewriteRules, ThatAreApproximateNeverRunUnasked) {
  for (const ListedRule& listed : rewrite_rules()) {
    if (listed.rule->exactness == Exactness::approximate) {
      EXPECT_EQ(listed.use, Use::on_request) << listed.rule->name;
    }
  }
}

TEST(Rewrite, RunsTheRulesThatAlwaysRun) {
  Graph graph = test::build(kSmall);
  const RewriteLog log = rewrite(graph).value();
  for (const ListedRule& listed : rewrite_rules())
    EXPECT_EQ(ran(log, listed.rule->name), listed.use == Use::always) << listed.rule->name;
  EXPECT_EQ(report_of(log, "split_global_norm").changed.size(), 13U);
  EXPECT_EQ(report_of(log, "merge_residual_skip").changed.size(), 5U);
  EXPECT_EQ(report_of(log, "split_mask_head").changed.size(), 1U);
  EXPECT_EQ(report_of(log, "lower_transposed_conv").changed.size(), 2U);
}

TEST(Rewrite, LeavesOutWhatIsDisabled) {
  Graph graph = test::build(kSmall);
  RewriteOptions options;
  options.disable = {"merge_residual_skip"};
  const RewriteLog log = rewrite(graph, options).value();
  EXPECT_FALSE(ran(log, "merge_residual_skip"));
  EXPECT_TRUE(ran(log, "split_global_norm"));
}

TEST(Rewrite, RunsOnlyWhatIsNamed) {
  Graph graph = test::build(kSmall);
  RewriteOptions options;
  options.only = {"split_mask_head"};
  const RewriteLog log = rewrite(graph, options).value();
  ASSERT_EQ(log.rules.size(), 2U);
  EXPECT_EQ(log.rules[0].rule->name, "eliminate_dead");
  EXPECT_EQ(log.rules[1].rule->name, "split_mask_head");
}

TEST(Rewrite, SaysWhyAGraphIsNotLegalYet) {
  Graph graph = test::build(kSmall);
  RewriteOptions options;
  options.disable = {"split_global_norm"};
  const RewriteLog log = rewrite(graph, options).value();
  EXPECT_EQ(log.not_legal,
            "node 'bottleneck.norm' (norm.global): norm is not permitted at stage 'legal'");
  EXPECT_EQ(graph.form(), GraphForm::rewriting);
}

TEST(Rewrite, RefusesARuleThatDoesNotExist) {
  Graph graph = test::build(kSmall);
  RewriteOptions options;
  options.disable = {"fold_everything"};
  const Result<RewriteLog> log = rewrite(graph, options);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      log.error().to_string(),
      "rule 'fold_everything': there is no such rule ('tessera rewrite --list' names them all)");
}

TEST(Rewrite, RefusesToDisableEliminateDead) {
  Graph graph = test::build(kSmall);
  RewriteOptions options;
  options.disable = {"eliminate_dead"};
  const Result<RewriteLog> log = rewrite(graph, options);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().to_string(),
            "rule 'eliminate_dead': cannot be disabled (other rules ask who reads a node, and dead "
            "readers would mislead them)");
}

TEST(Rewrite, RecordsTheRuleInEveryNodeItMakes) {
  Graph graph = test::build(kSmall);
  rewrite(graph).value();
  std::set<std::string> names{"import"};
  for (const ListedRule& listed : rewrite_rules()) names.emplace(listed.rule->name);
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    EXPECT_TRUE(names.contains(node.origin.rule)) << node.name << ": " << node.origin.rule;
    if (std::holds_alternative<NormStatistics>(node.op)) {
      EXPECT_EQ(node.origin.rule, "split_global_norm") << node.name;
    }
  }
}

TEST(Rewrite, MeasuresTheCostOfApproximateRulesOnly) {
  Graph graph = test::build(kSmall);
  RewriteOptions options;
  options.enable = {"replace_prelu_with_relu"};
  int measured = 0;
  options.measure_cost = [&](const Graph& original, const Graph& rewritten) -> Result<double> {
    ++measured;
    EXPECT_NE(original.find("mask.prelu"), kNoNode);
    const NodeId prelu = rewritten.find("mask.prelu");
    EXPECT_EQ(rewritten.get_if<Unary>(prelu)->kind, UnaryKind::relu);
    return 12.5;
  };
  const RewriteLog log = rewrite(graph, options).value();
  EXPECT_EQ(measured, 1);
  EXPECT_FALSE(log.exact);
  EXPECT_EQ(report_of(log, "replace_prelu_with_relu").cost_db, 12.5);
  EXPECT_EQ(report_of(log, "split_global_norm").cost_db, std::nullopt);
}

TEST(Rewrite, ShowsTheGraphAfterEachRuleThatChangedIt) {
  Graph graph = test::build(kSmall);
  RewriteOptions options;
  std::vector<std::string> seen;
  options.after_rule = [&](const Rule& rule, const Graph& now) {
    seen.emplace_back(rule.name);
    EXPECT_TRUE(validate(now, GraphForm::rewriting)) << rule.name;
  };
  rewrite(graph, options).value();
  EXPECT_EQ(seen.front(), "split_mask_head");
  EXPECT_EQ(seen.back(), "lower_transposed_conv");
}

TEST(Rewrite, PassesAnErrorOfTheMeterOn) {
  Graph graph = test::build(kSmall);
  RewriteOptions options;
  options.enable = {"replace_prelu_with_relu"};
  options.measure_cost = [](const Graph&, const Graph&) -> Result<double> {
    return TESSERA_ERROR(kResourceLimit, "meter", "no memory", "");
  };
  const Result<RewriteLog> log = rewrite(graph, options);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().to_string(), "meter: no memory");
}

}  // namespace
}  // namespace tessera
