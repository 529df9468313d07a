// What a device measures of itself while a network runs.
#include "run/readings_monitor.h"

#include <gtest/gtest.h>

#include <atomic>

namespace tessera {
namespace {

using std::chrono::milliseconds;

TEST(ReadingsMonitor, TellsMeanLeastAndMostOfWhatTheDeviceTold) {
  std::atomic<int> asked{0};
  ReadingsMonitor monitor(
      [&]() -> std::vector<DeviceReading> {
        const int n = asked.fetch_add(1);
        return {{"power_watts", n < 3 ? 1.0 + n : 2.0, ""}};
      },
      milliseconds(1));
  while (asked < 3) std::this_thread::yield();
  const auto& measured = monitor.stop();
  ASSERT_EQ(measured.size(), 1U);
  EXPECT_EQ(measured[0].name, "power_watts");
  EXPECT_EQ(measured[0].samples, asked.load());
  EXPECT_EQ(measured[0].least, 1);
  EXPECT_EQ(measured[0].most, 3);
  EXPECT_DOUBLE_EQ(measured[0].mean, 2);
}

TEST(ReadingsMonitor, KeepsTheReasonOfWhatTheDeviceDoesNotTell) {
  ReadingsMonitor monitor([]() -> std::vector<DeviceReading> {
    return {{"temperature_celsius", 40.0, ""}, {"power_watts", {}, "no sensor"}};
  });
  const auto& measured = monitor.stop();
  ASSERT_EQ(measured.size(), 2U);
  EXPECT_GE(measured[0].samples, 1);
  EXPECT_EQ(measured[1].samples, 0);
  EXPECT_EQ(measured[1].reason, "no sensor");
}

TEST(ReadingsMonitor, AsksADeviceThatMeasuresNothingOnlyOnce) {
  int asked = 0;
  ReadingsMonitor monitor([&]() -> std::vector<DeviceReading> {
    ++asked;
    return {};
  });
  EXPECT_TRUE(monitor.stop().empty());
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace tessera
