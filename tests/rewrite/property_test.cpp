// Every exact rule, alone and all together, keeps the outputs of random networks and is idempotent.
#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "rewrite/pattern_graph.h"
#include "support/difference.h"
#include "support/random_basis.h"
#include "support/random_graph.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

struct Case {
  std::string name;
  Graph graph;
  double tolerance;  // of each output's peak
};

constexpr double kTolerance = 1e-5;

std::vector<Case> networks() {
  std::vector<Case> list;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    test::ConvTasNet net = test::random_conv_tasnet_options(seed);
    // A norm over the few channels of one frame may find that they hardly differ and multiply
    // rounding errors without bound; trained networks have 64 channels and more.
    for (int64_t* channels : {&net.filters, &net.bottleneck, &net.hidden})
      *channels = std::max<int64_t>(*channels, 16);
    list.push_back({fmt::format("conv_tasnet {}", seed), test::build(net, seed), kTolerance});
  }
  for (uint32_t seed = 0; seed < 120; ++seed) {
    list.push_back({fmt::format("pattern {}", seed),
                    test::pattern_graph(seed, 5 + static_cast<int>(seed % 20)), kTolerance});
  }
  // These are conditioned to 1e-4 only, as they say.
  for (uint32_t seed = 0; seed < 60; ++seed)
    list.push_back({fmt::format("random {}", seed), test::random_graph(seed), 1e-4});
  return list;
}

// Adds what the networks lack for a rule to apply.
Graph prepared_for(std::string_view rule, Graph graph, RewriteOptions& options) {
  if (rule == "change_channel_basis") {
    for (NodeId id : graph.order()) {
      const Node& node = graph.node(id);
      options.parameters.channel_bases[node.name] = test::random_basis(node.shape.c, 4, 1);
    }
  }
  if (rule == "fold_scale_shift_into_pointwise") {  // works on what these make
    options.only.insert(options.only.end(), {"split_global_norm", "split_cumulative_norm",
                                             "split_channel_wise_norm", "split_feature_wise_norm"});
  }
  if (rule == "eliminate_dead") {  // two nodes that no output needs, one after the other
    GraphEditor editor(graph, "test");
    const NodeId dead = editor.add(Unary{}, {graph.inputs()[0]}, "dead").value();
    editor.add(Unary{.kind = UnaryKind::tanh}, {dead}, "dead_too").value();
  }
  return graph;
}

// Changes made by `rule`, or by all if it is empty.
int64_t changes(const RewriteLog& log, std::string_view rule = "") {
  int64_t count = 0;
  for (const RuleReport& report : log.rules) {
    if (rule.empty() || report.rule->name == rule)
      count += static_cast<int64_t>(report.changed.size());
  }
  return count;
}

// Rewrites the network twice and tells what the first time did.
RewriteLog expect_same_network(const Case& network, const RewriteOptions& options) {
  SCOPED_TRACE(network.name);
  Graph rewritten = network.graph;
  Result<RewriteLog> log = rewrite(rewritten, options);
  if (!log) {
    ADD_FAILURE() << log.error().to_string();
    return {};
  }
  const auto inputs = test::random_inputs(network.graph, 7);
  EXPECT_LE(test::relative_difference(test::run_graph(network.graph, inputs),
                                      test::run_graph(rewritten, inputs)),
            network.tolerance);
  const Result<RewriteLog> second = rewrite(rewritten, options);
  if (!second) {
    ADD_FAILURE() << second.error().to_string();
    return *log;
  }
  for (const RuleReport& report : second->rules) {
    for (const RuleEvent& event : report.changed)
      ADD_FAILURE() << "again: " << report.rule->name << " at " << event.node << ": " << event.text;
  }
  return *log;
}

std::vector<std::string> exact_rules() {
  std::vector<std::string> names;
  for (const ListedRule& listed : rewrite_rules()) {
    if (listed.rule->exactness == Exactness::exact) names.emplace_back(listed.rule->name);
  }
  return names;
}

class ExactRule : public testing::TestWithParam<std::string> {};

TEST_P(ExactRule, KeepsOutputsAndIsIdempotent) {
  int64_t changed = 0;
  for (Case network : networks()) {
    RewriteOptions options;
    options.only = {GetParam()};
    network.graph = prepared_for(GetParam(), std::move(network.graph), options);
    changed += changes(expect_same_network(network, options), GetParam());
  }
  EXPECT_GT(changed, 0) << "the rule was never put to the test";
}

INSTANTIATE_TEST_SUITE_P(List, ExactRule, testing::ValuesIn(exact_rules()),
                         [](const auto& tested) { return tested.param; });

TEST(ExactRules, TogetherKeepOutputsAndAreIdempotent) {
  for (const Case& network : networks()) expect_same_network(network, {});
}

TEST(ExactRules, AskedForAllAtOnceKeepOutputsAndAreIdempotent) {
  RewriteOptions options;
  options.enable = exact_rules();
  for (const Case& network : networks()) expect_same_network(network, options);
}

TEST(ExactRules, LeaveALegalGraph) {
  for (const Case& network : networks()) {
    Graph rewritten = network.graph;
    const RewriteLog log = rewrite(rewritten).value();
    EXPECT_EQ(log.not_legal, "") << network.name;
    EXPECT_EQ(rewritten.form(), GraphForm::legal) << network.name;
    EXPECT_TRUE(log.exact) << network.name;
  }
}

// The measure itself can fail: a network that is not the same is found out.
TEST(PropertyTest, NoticesAChangeOfOneWeight) {
  const Graph graph = test::build({.samples = 500,
                                   .filters = 16,
                                   .bottleneck = 8,
                                   .hidden = 12,
                                   .skip = 8,
                                   .blocks = 3,
                                   .repeats = 2});
  Graph other = graph;
  GraphEditor editor(other, "spoil");
  const NodeId node = other.find("tcn.0.residual");
  Conv conv = *other.get_if<Conv>(node);
  std::vector<float> values(conv.weight.values().begin(), conv.weight.values().end());
  values[1] += 0.01F;
  conv.weight = Tensor(conv.weight.dims(), values);
  editor.replace(node, conv, other.node(node).inputs).value();
  const auto inputs = test::random_inputs(graph, 7);
  EXPECT_GT(
      test::relative_difference(test::run_graph(graph, inputs), test::run_graph(other, inputs)),
      10 * kTolerance);
}

}  // namespace
}  // namespace tessera
