#include "report/comparison_drawing.h"

#include <gtest/gtest.h>

#include <string>

#include <fmt/format.h>

namespace tessera {
namespace {

// SNR falls from 60 dB by 5 dB a value; every fourth is a statistic.
ComparisonReport report_of(int values) {
  ComparisonReport report;
  for (int i = 0; i < values; ++i) {
    ValueComparison value;
    value.name = value.value = fmt::format("value_{}", i);
    value.op = "conv";
    value.coding = "u8";
    value.statistics = i % 4 == 3;
    value.difference.snr_db = 60 - 5 * i;
    report.values.push_back(value);
  }
  return report;
}

TEST(ComparisonDrawing, HasAPointForEveryValueAndNamesTheWorst) {
  const std::string svg = draw_comparison(report_of(8), "a < b");
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
  size_t points = 0;
  for (size_t at = 0; (at = svg.find(R"(rx="2.5")", at)) != std::string::npos; ++at) ++points;
  EXPECT_EQ(points, 6U + 3U) << "values that are no statistics, and the legend";
  EXPECT_NE(svg.find("value_7"), std::string::npos);
}

}  // namespace
}  // namespace tessera
