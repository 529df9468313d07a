// What the checklist of networks of motion sensors says of rows on H that are devices, and of rows
// that are not.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/planned.h"
#include "support/random_values.h"
#include "tessera/compiler/verify.h"

namespace tessera {
namespace {

// A convolution of height `kernel_h` over [2, rows, 20], a pointwise one behind it.
Graph network(int64_t rows, int64_t kernel_h) {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = editor.add(Input{{2, rows, 20}}, {}, "x").value();
  Conv first;
  first.weight = test::Random(1).tensor({4, 2, kernel_h, 3}, -1, 1);
  const NodeId a = editor.add(first, {x}, "over_rows").value();
  Conv second;
  second.weight = test::Random(2).tensor({3, 4, 1, 1}, -1, 1);
  editor.add_output("y", editor.add(second, {a}, "pointwise").value());
  return graph;
}

EquivalenceReport report_of(const Graph& graph, int64_t devices) {
  const test::Planned planned = test::plan_for(graph, {});
  const std::vector<std::vector<float>> windows = test::random_inputs(graph, 3);
  EquivalenceOptions options;
  options.devices = devices;
  auto report = measure_equivalence(planned.imported, planned.plan, nullptr, windows, 1, options);
  EXPECT_TRUE(report) << report.error().to_string();
  return report ? *report : EquivalenceReport{};
}

const StaticCheck& check_of(const EquivalenceReport& report, const std::string& word) {
  return *std::find_if(report.checks.begin(), report.checks.end(), [&](const StaticCheck& check) {
    return check.claim.find(word) != std::string::npos;
  });
}

TEST(EquivalenceReports, HoldDevicesToBeingIndependent) {
  const EquivalenceReport report = report_of(network(3, 1), 0);
  EXPECT_TRUE(report.passed());
  EXPECT_TRUE(check_of(report, "independent").holds);
  EXPECT_TRUE(check_of(report, "independent").required);
}

// The channels of a sensor as rows of an image, as networks of Conv2d take them: nothing that was
// promised is broken.
TEST(EquivalenceReports, DoNotTakeTheRowsOfAnImageForDevices) {
  for (int64_t kernel_h : {2, 9}) {
    const EquivalenceReport report = report_of(network(9, kernel_h), 0);
    EXPECT_TRUE(report.passed());
    for (const char* word : {"kernels", "independent"}) {
      EXPECT_FALSE(check_of(report, word).holds);
      EXPECT_FALSE(check_of(report, word).required);
    }
    EXPECT_NE(check_of(report, "kernels").evidence.find("'over_rows' reaches over rows"),
              std::string::npos);
  }
}

TEST(EquivalenceReports, FailWhereStackedDevicesAreMixed) {
  for (int64_t kernel_h : {2, 3}) {
    const EquivalenceReport report = report_of(network(3, kernel_h), 3);
    EXPECT_FALSE(report.passed());
    EXPECT_TRUE(check_of(report, "independent").required);
    EXPECT_NE(check_of(report, "kernels").evidence.find("reaches over devices"), std::string::npos);
  }
}

}  // namespace
}  // namespace tessera
