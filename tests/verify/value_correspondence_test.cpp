#include "verify/value_correspondence.h"

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/graph_text.h"

namespace tessera {
namespace {

// Of each node of the plan, by name: "sources | ops | how", or "- reason" where there is none.
std::map<std::string, std::string> counterparts(std::string_view imported,
                                                std::string_view planned) {
  const Graph before = test::graph_of(imported);
  const Graph after = test::graph_of(planned, GraphForm::rewriting);
  std::map<std::string, std::string> result;
  for (const auto& [node, found] : match_values(before, after)) {
    std::string& text = result[after.node(node).name];
    if (const auto* none = std::get_if<NoCounterpart>(&found)) {
      text = "- " + none->reason;
      continue;
    }
    const auto& one = std::get<Counterpart>(found);
    std::vector<std::string> sources;
    for (NodeId source : one.sources) sources.push_back(before.node(source).name);
    std::vector<std::string> ops;
    for (const Op& op : one.ops) ops.push_back(op_name(op));
    text = fmt::format("{} | {} | {}", fmt::join(sources, ","), fmt::join(ops, ","), one.how);
  }
  return result;
}

using Expected = std::map<std::string, std::string>;

TEST(Counterparts, AreTheValuesOfTheSameName) {
  constexpr std::string_view kNetwork = R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %a = unary.relu(%x) -> [2,1,4]
    %y = unary.tanh(%a) -> [2,1,4]
    output "y" = %y)";
  EXPECT_EQ(counterparts(kNetwork, kNetwork), (Expected{{"a", "a |  | "}, {"y", "y |  | "}}));
}

// fold_batch_norm: the convolution computes what the norm after it did.
TEST(Counterparts, OfAConvolutionWithAFoldedNormIsTheNorm) {
  EXPECT_EQ(counterparts(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %c = conv(%x) weight=@w[2,2,1,1] -> [2,1,4]
    %n = norm.batch(%c) gamma=@g[2] beta=@g[2] mean=@g[2] variance=@g[2] -> [2,1,4]
    %y = unary.relu(%n) -> [2,1,4]
    output "y" = %y
    weights
    @w 4 full 1
    @g 2 full 1)",
                         R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %c = conv(%x) weight=@w[2,2,1,1] bias=@g[2] -> [2,1,4]
    %y = unary.relu(%c) -> [2,1,4]
    output "y" = %y
    weights
    @w 4 full 1
    @g 2 full 1)"),
            (Expected{{"c", "n |  | with 'n' folded in"}, {"y", "y |  | "}}));
}

// Where the plan still has the norm, the convolution is itself.
TEST(Counterparts, OfAConvolutionBesideItsNormIsTheConvolution) {
  constexpr std::string_view kNetwork = R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %c = conv(%x) weight=@w[2,2,1,1] -> [2,1,4]
    %n = affine(%c) scale=@g[2] bias=@g[2] -> [2,1,4]
    output "y" = %n
    weights
    @w 4 full 1
    @g 2 full 1)";
  EXPECT_EQ(counterparts(kNetwork, kNetwork), (Expected{{"c", "c |  | "}, {"n", "n |  | "}}));
}

// lower_transposed_conv: rows of the taps of each frame, then their overlap.
TEST(Counterparts, OfTapsIsAConvolutionOfTheFrames) {
  constexpr std::string_view kImported = R"(%x = input() shape=[2,1,3] -> [2,1,3]
    %up = conv_transpose(%x) weight=@w[2,1,1,2] stride=[1,2] -> [1,1,6]
    output "y" = %up
    weights
    @w 4 values 1 2 3 4)";
  constexpr std::string_view kPlanned = R"(%x = input() shape=[2,1,3] -> [2,1,3]
    %taps = conv(%x) weight=@w[2,2,1,1] -> [2,1,3] taps of "up"
    %up = overlap_add(%taps) kernel=2 stride=2 -> [1,1,6]
    output "y" = %up
    weights
    @w 4 values 1 3 2 4)";
  EXPECT_EQ(
      counterparts(kImported, kPlanned),
      (Expected{{"taps", "x | conv | taps of 'up' before they overlap"}, {"up", "up |  | "}}));
  const Graph imported = test::graph_of(kImported);
  const Graph planned = test::graph_of(kPlanned, GraphForm::rewriting);
  const auto found = match_values(imported, planned);
  const auto& taps = std::get<Counterpart>(found.at(planned.find("taps")));
  // Tap 0 of both channels, then tap 1: the rows that the rule made.
  EXPECT_EQ(std::get<Conv>(taps.ops.at(0)).weight,
            planned.get_if<Conv>(planned.find("taps"))->weight);
}

// split_global_norm
TEST(Counterparts, OfStatisticsAreThoseOfTheNormsOperand) {
  EXPECT_EQ(counterparts(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %n = norm.global(%x) gamma=@g[2] beta=@g[2] -> [2,1,4]
    output "y" = %n
    weights
    @g 2 values 2 3)",
                         R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %moments = norm_statistics.global(%x) gamma=@g[2] beta=@g[2] center=@g[2] -> [4,1,1] statistics of "n"
    %n = scale_shift(%x, %moments) -> [2,1,4]
    output "y" = %n
    weights
    @g 2 values 2 3)"),
            (Expected{{"moments", "x | norm_statistics.global | scale and shift of 'n'"},
                      {"n", "n |  | "}}));
}

// merge_residual_skip: one convolution of both, then its parts.
TEST(Counterparts, OfResidualAndSkipAreBothJoined) {
  EXPECT_EQ(counterparts(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %r = conv(%x) weight=@w[2,2,1,1] -> [2,1,4]
    %s = conv(%x) weight=@v[1,2,1,1] -> [1,1,4]
    output "r" = %r
    output "s" = %s
    weights
    @w 4 full 1
    @v 2 full 2)",
                         R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %both = conv(%x) weight=@w[3,2,1,1] -> [3,1,4] joined of "r" "s"
    %r = slice(%both) axis=c begin=0 end=2 -> [2,1,4]
    %s = slice(%both) axis=c begin=2 end=3 -> [1,1,4]
    output "r" = %r
    output "s" = %s
    weights
    @w 6 full 1)"),
            (Expected{{"both", "r,s | concat | 'r' and 's'"}, {"r", "r |  | "}, {"s", "s |  | "}}));
}

// Blocks of one channel: sums over input blocks are partial until the last.
TEST(Counterparts, OfChannelBlocksAreChannelsOnceTheirSumsAreIn) {
  EXPECT_EQ(counterparts(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %c = conv(%x) weight=@w[2,2,1,1] -> [2,1,4]
    output "y" = %c
    weights
    @w 4 full 1)",
                         R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %x0 = slice(%x) axis=c begin=0 end=1 -> [1,1,4]
    %x1 = slice(%x) axis=c begin=1 end=2 -> [1,1,4]
    %first = conv(%x0) weight=@w[1,1,1,1] -> [1,1,4] value of "c" from channel 1 partial
    %second = conv(%x1) weight=@w[1,1,1,1] -> [1,1,4] value of "c" from channel 1 partial
    %sum = add(%first, %second) -> [1,1,4] value of "c" from channel 1
    output "y" = %sum
    weights
    @w 1 values 1)"),
            (Expected{{"x0", "- a part of the input"},
                      {"x1", "- a part of the input"},
                      {"first", "- a partial sum of 'c'"},
                      {"second", "- a partial sum of 'c'"},
                      {"sum", "c | slice | channels 1..1"}}));
}

TEST(Counterparts, OfPartsAndJoinsFollowFromTheirOperands) {
  EXPECT_EQ(counterparts(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %a = unary.relu(%x) -> [2,1,4]
    %b = unary.tanh(%x) -> [2,1,4]
    output "a" = %a
    output "b" = %b)",
                         R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %a = unary.relu(%x) -> [2,1,4]
    %b = unary.tanh(%x) -> [2,1,4]
    %part = slice(%a) axis=c begin=1 end=2 -> [1,1,4]
    %cut = slice(%a) axis=w begin=1 end=3 -> [2,1,2]
    %all = slice(%b) axis=c begin=0 end=2 -> [2,1,4]
    %both = concat(%a, %all) axis=c -> [4,1,4]
    %parts = concat(%a, %part) axis=c -> [3,1,4]
    output "both" = %both
    output "cut" = %cut
    output "parts" = %parts)"),
            (Expected{{"a", "a |  | "},
                      {"b", "b |  | "},
                      {"part", "a | slice | channels 1..1"},
                      {"cut", "a | slice | elements 1..2"},
                      {"all", "b |  | "},
                      {"both", "a,b | concat | joined values"},
                      {"parts", "- joins values that the network does not have"}}));
}

TEST(Counterparts, OfWhatOnlyRulesMakeThereAreNone) {
  EXPECT_EQ(counterparts(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %y = unary.relu(%x) -> [2,1,4]
    output "y" = %y)",
                         R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %k = constant() value=@k[2,1,1] -> [2,1,1]
    %z = mul(%x, %k) -> [2,1,4]
    %part = slice(%z) axis=c begin=0 end=1 -> [1,1,4]
    %y = unary.relu(%z) -> [2,1,4]
    output "y" = %y
    output "part" = %part
    weights
    @k 2 full 1)"),
            (Expected{{"k", "- a constant of a rule"},
                      {"z", "- made by rewriting; the network has no such value"},
                      {"part", "- a part of a value that the network does not have"},
                      {"y", "y |  | "}}));
}

// A block of a node that the network does not have.
TEST(Counterparts, OfABlockOfAnUnknownNodeIsNone) {
  EXPECT_EQ(counterparts(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %y = unary.relu(%x) -> [2,1,4]
    output "y" = %y)",
                         R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %block = unary.relu(%x) -> [2,1,4] value of "z" from channel 0
    output "y" = %block)"),
            (Expected{{"block", "- 'z' is not in the network"}}));
}

// A user's names may look like those that rules give: they say nothing.
TEST(Counterparts, AreNotReadFromNames) {
  constexpr std::string_view kNetwork = R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %a = unary.relu(%x) -> [2,1,4]
    %a.taps = unary.tanh(%a) -> [2,1,4]
    %a.o1.i0.sum = unary.relu(%a.taps) -> [2,1,4]
    output "y" = %a.o1.i0.sum)";
  EXPECT_EQ(counterparts(kNetwork, kNetwork), (Expected{{"a", "a |  | "},
                                                        {"a.taps", "a.taps |  | "},
                                                        {"a.o1.i0.sum", "a.o1.i0.sum |  | "}}));
  EXPECT_EQ(counterparts(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %y = unary.relu(%x) -> [2,1,4]
    output "y" = %y)",
                         R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %y.statistics = unary.tanh(%x) -> [2,1,4]
    %y.source0 = unary.tanh(%y.statistics) -> [2,1,4]
    output "y" = %y.source0)"),
            (Expected{{"y.statistics", "- made by rewriting; the network has no such value"},
                      {"y.source0", "- made by rewriting; the network has no such value"}}));
}

}  // namespace
}  // namespace tessera
