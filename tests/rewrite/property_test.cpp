// Every exact rule, alone and all together, keeps the outputs of random networks and is idempotent.
#include <gtest/gtest.h>

#include "graph/compare.h"
#include "rewrite/evaluate.h"
#include "rewrite/networks.h"
#include "tessera/rewrite.h"

namespace tessera {
namespace {

constexpr double kTolerance = 1e-5;  // of each output's peak

std::vector<std::pair<std::string, Graph>> networks() {
  std::vector<std::pair<std::string, Graph>> list;
  for (NormKind norm : {NormKind::global, NormKind::feature_wise, NormKind::channel_wise,
                        NormKind::cumulative, NormKind::batch}) {
    test::TasNet options;
    options.norm = norm;
    list.emplace_back("tasnet " + std::string(to_string(norm)), test::tasnet(options, 1));
    options.causal = true;
    options.skip = 0;
    options.sources = 3;
    options.mask_activation = Softmax{SoftmaxOver::source, 3};
    list.emplace_back("causal tasnet without skips " + std::string(to_string(norm)),
                      test::tasnet(options, 2));
  }
  for (int64_t stride : {4, 5, 16}) {
    test::TasNet options;
    options.kernel = 16;
    options.stride = stride;
    options.samples = 163;
    options.biases = stride != 5;
    options.sources = stride == 4 ? 1 : 2;
    options.mask_activation = Softmax{SoftmaxOver::channel, options.sources};
    list.emplace_back("tasnet stride " + std::to_string(stride), test::tasnet(options, 3));
  }
  for (uint32_t seed = 0; seed < 120; ++seed)
    list.emplace_back("random " + std::to_string(seed),
                      test::random_graph(seed, 5 + static_cast<int>(seed % 20)));
  return list;
}

int64_t changes(const RewriteLog& log) {
  int64_t count = 0;
  for (const RuleReport& report : log.rules) count += static_cast<int64_t>(report.changed.size());
  return count;
}

// Rewrites `graph` twice; returns how much the first time changed.
int64_t expect_same_network(const std::string& name, const Graph& graph,
                            const RewriteOptions& options) {
  SCOPED_TRACE(name);
  Graph rewritten = graph;
  Result<RewriteLog> log = rewrite(rewritten, options);
  if (!log) {
    ADD_FAILURE() << log.error().to_string();
    return 0;
  }
  const auto inputs = test::inputs_for(graph, 7);
  EXPECT_LE(
      test::relative_difference(test::evaluate(graph, inputs), test::evaluate(rewritten, inputs)),
      kTolerance);
  Graph again = rewritten;
  Result<RewriteLog> second = rewrite(again, options);
  EXPECT_TRUE(second) << (second ? "" : second.error().to_string());
  if (second) {
    EXPECT_EQ(changes(*second), 0);
    for (const RuleReport& report : second->rules) {
      for (const RuleEvent& event : report.changed)
        ADD_FAILURE() << report.rule->name << " at " << event.node << ": " << event.text;
    }
  }
  return changes(*log);
}

std::vector<std::string> exact_rules() {
  std::vector<std::string> names;
  for (const ListedRule& listed : rewrite_rules()) {
    if (listed.rule->exactness == Exactness::exact) names.emplace_back(listed.rule->name);
  }
  return names;
}

class ExactRule : public testing::TestWithParam<std::string> {};

TEST_P(ExactRule, keeps_outputs_and_is_idempotent) {
  int64_t changed = 0;
  for (const auto& [name, graph] : networks()) {
    RewriteOptions options;
    options.only = {GetParam()};
    if (GetParam() == "fold_scale_shift_into_pointwise") {  // works on what these make
      options.only.insert(options.only.end(),
                          {"split_global_norm", "split_cumulative_norm", "split_channel_wise_norm",
                           "split_feature_wise_norm"});
    }
    changed += expect_same_network(name, graph, options);
  }
  if (GetParam() == "eliminate_dead") return;  // these networks have no dead nodes
  EXPECT_GT(changed, 0) << "the rule was never put to the test";
}

INSTANTIATE_TEST_SUITE_P(List, ExactRule, testing::ValuesIn(exact_rules()),
                         [](const auto& tested) { return tested.param; });

TEST(ExactRules, together_keep_outputs_and_are_idempotent) {
  for (const auto& [name, graph] : networks()) expect_same_network(name, graph, {});
}

TEST(ExactRules, asked_for_all_at_once_keep_outputs_and_are_idempotent) {
  RewriteOptions options;
  options.enable = exact_rules();
  for (const auto& [name, graph] : networks()) expect_same_network(name, graph, options);
}

TEST(ExactRules, leave_a_legal_graph) {
  for (const auto& [name, graph] : networks()) {
    Graph rewritten = graph;
    const RewriteLog log = rewrite(rewritten).value();
    EXPECT_EQ(log.not_legal, "") << name;
    EXPECT_EQ(rewritten.stage(), Stage::legal) << name;
    EXPECT_TRUE(log.exact) << name;
  }
}

// The measure itself can fail: a network that is not the same is found out.
TEST(PropertyTest, notices_a_change_of_one_weight) {
  const Graph graph = test::tasnet({}, 1);
  Graph other = graph;
  GraphEditor editor(other, "spoil");
  const NodeId node = other.find("block3.residual");
  Conv conv = *other.get_if<Conv>(node);
  std::vector<float> values(conv.weight.values().begin(), conv.weight.values().end());
  values[5] += 0.01F;
  conv.weight = Tensor(conv.weight.dims(), values);
  editor.replace(node, conv, other.node(node).inputs).value();
  const auto inputs = test::inputs_for(graph, 7);
  EXPECT_GT(test::relative_difference(test::evaluate(graph, inputs), test::evaluate(other, inputs)),
            10 * kTolerance);
}

}  // namespace
}  // namespace tessera
