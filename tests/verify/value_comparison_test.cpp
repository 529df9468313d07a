// Two networks value by value.
#include "tessera/compiler/verify.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/quantised.h"
#include "support/random_basis.h"

namespace tessera {
namespace {

using test::Quantised;
using test::quantised;

class ValueComparisonTest : public testing::Test {
 protected:
  Result<ComparisonReport> compared(const Graph& a, const Graph& b,
                                    const ComparisonOptions& options = {}) {
    const std::vector<ConstValues> inputs{given_.signal};
    return compare_values({a, *cpu_}, {b, *cpu_}, inputs, options);
  }
  Result<ComparisonReport> with_integers(const Encodings& encodings) {
    const std::vector<ConstValues> inputs{given_.signal};
    return compare_values({given_.imported, *cpu_},
                          {given_.package.plan.graph, *emulator_, &encodings}, inputs);
  }

  Quantised given_ = quantised();
  std::unique_ptr<Backend> cpu_ = make_backend("cpu", {.threads = 1}).value();
  std::unique_ptr<Backend> emulator_ = make_backend("emulator").value();
};

// Both write the stream in a basis of their own: one is taken back before the other is applied.
TEST_F(ValueComparisonTest, ComparesAStreamInTwoBases) {
  const auto in_basis = [&](uint32_t seed) {
    Graph legal = given_.imported;
    RewriteOptions options;
    options.enable = {"change_channel_basis"};
    options.parameters.channel_bases["bottleneck"] = test::random_basis(12, 5, seed);
    EXPECT_TRUE(rewrite(legal, options).has_value());
    EXPECT_NE(legal.basis_of("bottleneck"), nullptr);
    return legal;
  };
  const Graph one = in_basis(1);
  for (const Graph& other : {in_basis(2), given_.package.legal}) {
    const auto report = compared(one, other);
    ASSERT_TRUE(report.has_value()) << report.error().to_string();
    int64_t in_another_basis = 0;
    for (const ValueComparison& value : report->values) {
      EXPECT_GT(value.difference.snr_db, 90) << value.name << " " << value.how;
      in_another_basis += value.how.ends_with("in another basis") ? 1 : 0;
    }
    EXPECT_GT(in_another_basis, 5);
  }
}

TEST_F(ValueComparisonTest, ARewrittenNetworkHasTheSameValues) {
  const auto report = compared(given_.imported, given_.package.plan.graph);
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  EXPECT_EQ(report->matched_by, "name");
  EXPECT_GT(report->values.size(), 50u);
  for (const ValueComparison& value : report->values) {
    EXPECT_GT(value.difference.snr_db, 80) << value.value;
    EXPECT_GT(value.cosine, 0.999999) << value.value;
    EXPECT_EQ(value.coding, "float");
  }
  EXPECT_GT(report->outputs.at(0).difference.snr_db, 80);
}

TEST_F(ValueComparisonTest, TheSidesCanBeExchanged) {
  const auto forth = compared(given_.imported, given_.package.plan.graph).value();
  const auto back = compared(given_.package.plan.graph, given_.imported);
  ASSERT_TRUE(back.has_value()) << back.error().to_string();
  ASSERT_EQ(back->values.size(), forth.values.size());
  for (size_t i = 0; i < forth.values.size(); ++i) {
    EXPECT_EQ(back->values[i].name, forth.values[i].value);
    EXPECT_EQ(back->values[i].value, forth.values[i].name);
  }
}

TEST_F(ValueComparisonTest, IntegersLoseSomeAndSayHowTheyAreWritten) {
  const auto report = with_integers(*given_.package.encodings);
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  int64_t coded = 0;
  for (const ValueComparison& value : report->values) {
    if (value.coding == "float") continue;
    ++coded;
    EXPECT_GT(value.difference.snr_db, 12) << value.value;
    EXPECT_LT(value.difference.snr_db, 80) << value.value;
  }
  EXPECT_GT(coded, 20);
  EXPECT_GT(report->outputs[0].difference.snr_db, 15);
}

TEST_F(ValueComparisonTest, AValueWithARuinedScaleFallsMost) {
  Encodings encodings = *given_.package.encodings;
  std::string ruined;
  for (auto& [name, encoding] : encodings.values) {
    const NodeId node = given_.package.plan.graph.find(name);
    if (given_.package.plan.graph.get_if<Unary>(node) == nullptr) continue;
    ruined = name;
    for (float& scale : encoding.scale) scale *= 32;
    break;
  }
  ASSERT_FALSE(ruined.empty());
  const auto report = with_integers(encodings).value();
  const auto most = std::max_element(
      report.values.begin(), report.values.end(), [](const auto& a, const auto& b) {
        const auto fall = [](const ValueComparison& value) {
          return value.difference.snr_db < 20 ? value.snr_drop_db : 0.0;
        };
        return fall(a) < fall(b);
      });
  EXPECT_EQ(most->value, ruined);
}

TEST_F(ValueComparisonTest, NetworksOfOtherNamesMatchByStructure) {
  Graph renamed = given_.imported;
  GraphEditor editor(renamed, "test");
  for (NodeId id : renamed.order())
    editor.rename(id, fmt::format("n{}", renamed.id_limit() - index_of(id)));
  const auto report = compared(given_.imported, renamed);
  ASSERT_TRUE(report.has_value()) << report.error().to_string();
  EXPECT_EQ(report->matched_by, "structure");
  EXPECT_TRUE(report->a_only.empty() && report->b_only.empty());
  EXPECT_GT(report->values.size(), 50u);
  for (const ValueComparison& value : report->values)
    EXPECT_EQ(value.difference.max_abs, 0) << value.name;
}

TEST_F(ValueComparisonTest, LittleMemoryGivesTheSameNumbers) {
  const auto whole = compared(given_.imported, given_.package.plan.graph).value();
  const auto parts =
      compared(given_.imported, given_.package.plan.graph, {.memory_bytes = 100'000}).value();
  ASSERT_EQ(parts.values.size(), whole.values.size());
  for (size_t i = 0; i < whole.values.size(); ++i)
    EXPECT_NEAR(parts.values[i].difference.max_abs, whole.values[i].difference.max_abs, 1e-5);
}

TEST_F(ValueComparisonTest, RefusesNetworksOfOtherLength) {
  test::ConvTasNet other = test::small_separator();
  other.samples = 1999;
  const auto report = compared(given_.imported, build(other));
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().code, ErrorCode::kMismatch);
  EXPECT_EQ(report.error().message, "is [1,1,2003] in A, [1,1,1999] in B");
}

TEST_F(ValueComparisonTest, RefusesSilence) {
  std::fill(given_.signal.begin(), given_.signal.end(), 0.0F);
  EXPECT_EQ(compared(given_.imported, given_.imported).error().to_string(),
            "inputs: are silent: every network agrees on silence (compare on a signal)");
}

TEST(CosineSimilarity, OfVectorsThatAreEqualOppositeOrSilent) {
  const std::vector<float> x{1, -2, 3};
  const std::vector<float> opposite{-2, 4, -6};
  const std::vector<float> silent(3, 0.0F);
  EXPECT_DOUBLE_EQ(cosine_similarity(x, x), 1);
  EXPECT_DOUBLE_EQ(cosine_similarity(x, opposite), -1);
  EXPECT_DOUBLE_EQ(cosine_similarity(x, silent), 0);
  EXPECT_DOUBLE_EQ(cosine_similarity(silent, silent), 1);
}

}  // namespace
}  // namespace tessera
