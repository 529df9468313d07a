// What a device measures of itself while a network runs on it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tessera/backend.h"

namespace tessera {

// One quantity over a span of time, in the unit that its name ends with.
struct MeasuredReading {
  std::string name;
  int64_t samples = 0;  // that the device told; 0: the numbers below mean nothing
  double mean = 0;
  double least = 0;
  double most = 0;
  std::string reason;  // why it did not tell, the last time that it did not
};

// Asks for readings on a thread of its own, from its construction to stop(). A device that measures
// nothing gets no thread.
class ReadingsMonitor {
 public:
  using Read = std::function<std::vector<DeviceReading>()>;  // Backend::readings()

  explicit ReadingsMonitor(Read read,
                           std::chrono::milliseconds interval = std::chrono::milliseconds(100));
  ~ReadingsMonitor();
  ReadingsMonitor(const ReadingsMonitor&) = delete;
  ReadingsMonitor& operator=(const ReadingsMonitor&) = delete;

  // Ends it; the readings in the order in which the device tells them.
  const std::vector<MeasuredReading>& stop();

 private:
  void work();
  void add(const std::vector<DeviceReading>& told);

  Read read_;
  std::chrono::milliseconds interval_;
  std::vector<MeasuredReading> measured_;  // of the thread, until it has ended
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace tessera
