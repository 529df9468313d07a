#include "run/readings_monitor.h"

#include <algorithm>

namespace tessera {

ReadingsMonitor::ReadingsMonitor(Read read, std::chrono::milliseconds interval)
    : read_(std::move(read)), interval_(interval) {
  add(read_());
  if (!measured_.empty()) thread_ = std::thread([this] { work(); });
}

ReadingsMonitor::~ReadingsMonitor() {
  stop();
}

const std::vector<MeasuredReading>& ReadingsMonitor::stop() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  return measured_;
}

void ReadingsMonitor::work() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, interval_, [this] { return ends_; })) {
    lock.unlock();
    add(read_());
    lock.lock();
  }
}

void ReadingsMonitor::add(const std::vector<DeviceReading>& told) {
  for (const DeviceReading& reading : told) {
    auto known = std::find_if(measured_.begin(), measured_.end(),
                              [&](const MeasuredReading& one) { return one.name == reading.name; });
    if (known == measured_.end())
      known = measured_.insert(known, {.name = reading.name, .reason = {}});
    if (!reading.value) {
      known->reason = reading.reason;
      continue;
    }
    const double value = *reading.value;
    known->least = known->samples == 0 ? value : std::min(known->least, value);
    known->most = known->samples == 0 ? value : std::max(known->most, value);
    ++known->samples;
    known->mean += (value - known->mean) / static_cast<double>(known->samples);
  }
}

}  // namespace tessera
