#include "report/comparison_drawing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "report/svg_labels.h"

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

// Of `count` values, eight in a block; the worst are neighbours that begin at `worst`.
ComparisonReport neighbours_worst(size_t count, size_t worst) {
  ComparisonReport report;
  for (size_t i = 0; i < count; ++i) {
    ValueComparison value;
    value.value = fmt::format("separator/tcn_{}/pointwise_convolution_{}", i / 8, i);
    value.coding = "u8";
    value.difference.snr_db = i >= worst && i < worst + 6 ? 3 + 0.1 * static_cast<double>(i - worst)
                                                          : 40 + static_cast<double>(i % 5);
    if (i % 8 == 0) value.roles = {fmt::format("tcn{}_in", i / 8)};
    report.values.push_back(std::move(value));
  }
  report.outputs = {report.values.back()};
  return report;
}

double width_of(const std::string& svg) {
  return std::stod(svg.substr(svg.find("width=\"") + 7));
}

TEST(ComparisonDrawing, LabelsNeitherLieOnOneAnotherNorLeaveThePicture) {
  for (const size_t count : {6, 60, 400}) {
    for (const size_t worst : {size_t{0}, count / 2 - 3, count - 6}) {
      const std::string svg =
          draw_comparison(neighbours_worst(count, worst), "net.tess against net.pth");
      const std::vector<test::DrawnLabel> labels = test::drawn_labels(svg);
      EXPECT_EQ(test::overlapping(labels), std::vector<std::string>()) << count << " " << worst;
      for (const test::DrawnLabel& label : labels) {
        EXPECT_GE(label.box.left, 0) << label.text;
        EXPECT_LE(label.box.right, width_of(svg)) << label.text;
      }
    }
  }
}

TEST(ComparisonDrawing, BlocksOfOneValueAreNumberedWhereThereIsRoom) {
  ComparisonReport report = neighbours_worst(400, 0);
  for (size_t i = 0; i < report.values.size(); ++i)
    report.values[i].roles = {fmt::format("tcn{}_in", i)};
  const auto labels = test::drawn_labels(draw_comparison(report, "t"));
  EXPECT_EQ(test::overlapping(labels), std::vector<std::string>());
}

TEST(ComparisonDrawing, ListsTheWorstByTheirNumbers) {
  const std::string svg = draw_comparison(neighbours_worst(60, 30), "t");
  EXPECT_NE(svg.find(">1: 3.0 dB, separator/tcn_3/pointwise_convolution_30<"), std::string::npos);
  EXPECT_NE(svg.find(">6: 3.5 dB, separator/tcn_4/pointwise_convolution_35<"), std::string::npos);
}

TEST(ComparisonDrawing, LongNamesKeepTheirEnd) {
  ComparisonReport report = neighbours_worst(8, 1);
  report.values[1].value = std::string(300, 'a') + "/last";
  const std::string svg = draw_comparison(report, std::string(300, 'b') + "/net.pth");
  EXPECT_NE(svg.find(">1: 3.0 dB, ...aaa"), std::string::npos);
  EXPECT_NE(svg.find("aaa/last<"), std::string::npos);
  EXPECT_NE(svg.find(">...bbb"), std::string::npos);
  for (const test::DrawnLabel& label : test::drawn_labels(svg))
    EXPECT_LE(label.box.right, width_of(svg)) << label.text;
}

}  // namespace
}  // namespace tessera
