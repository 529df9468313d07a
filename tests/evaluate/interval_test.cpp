#include "evaluate/interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace tessera {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// In closed form: Cauchy's distribution for one degree of freedom, t = p sqrt(2 / (1 - p^2)) for
// two.
TEST(StudentT, HasTheValuesOfClosedForms) {
  EXPECT_NEAR(student_t_95(1), std::tan(0.475 * std::numbers::pi), 1e-11);
  EXPECT_NEAR(student_t_95(2), 0.95 * std::sqrt(2 / (1 - 0.95 * 0.95)), 1e-12);
}

// NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2, column 0.975.
TEST(StudentT, HasTheValuesOfTheTable) {
  EXPECT_NEAR(student_t_95(5), 2.571, 5e-4);
  EXPECT_NEAR(student_t_95(11), 2.201, 5e-4);
  EXPECT_NEAR(student_t_95(30), 2.042, 5e-4);
  EXPECT_NEAR(student_t_95(100), 1.984, 5e-4);
  EXPECT_NEAR(student_t_95(10'000'000), 1.960, 5e-4);
}

// Mean 3, deviation sqrt(2.5), t(0.975, 4) = 2.7764451052.
TEST(MeanInterval, IsTheTextbooksOne) {
  const std::vector<double> values{1, 2, 3, 4, 5};
  const MeanInterval interval = mean_interval(values);
  EXPECT_EQ(interval.count, 5);
  EXPECT_DOUBLE_EQ(interval.mean, 3);
  ASSERT_TRUE(interval.half_width.has_value());
  EXPECT_NEAR(*interval.half_width, 2.7764451052 * std::sqrt(2.5 / 5), 1e-9);
}

TEST(MeanInterval, IsNotToldWhereThereIsNone) {
  EXPECT_TRUE(std::isnan(mean_interval({}).mean));
  const std::vector<double> one{7};
  EXPECT_EQ(mean_interval(one).mean, 7);
  EXPECT_FALSE(mean_interval(one).half_width.has_value());
  const std::vector<double> silent{7, -kInfinity, 8};
  EXPECT_EQ(mean_interval(silent).mean, -kInfinity);
  EXPECT_FALSE(mean_interval(silent).half_width.has_value());
}

}  // namespace
}  // namespace tessera
