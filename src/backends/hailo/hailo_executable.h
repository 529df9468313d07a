// A compiled piece on the device.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "backends/hailo/bound_streams.h"
#include "tessera/backend.h"

namespace tessera::hailort {

// Milliseconds that an evaluation may take, instead of kDefaultTimeout.
inline constexpr const char* kTimeoutVariable = "TESSERA_HAILORT_TIMEOUT_MS";
inline constexpr std::chrono::milliseconds kDefaultTimeout{10'000};

class HailoExecutable final : public Executable {
 public:
  // Errors: those of Chip::configure() and BoundStreams::bind(); kResourceLimit.
  static Result<std::unique_ptr<Executable>> load(std::shared_ptr<Chip> chip,
                                                  const Segment& segment);
  ~HailoExecutable() override;

  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs) override;
  int64_t queue_depth() const override;
  Result<void> begin(std::span<const ConstValues> inputs) override;
  Result<void> finish(std::span<const Values> outputs) override;
  void reset() override;
  int64_t arena_bytes() const override;

 private:
  HailoExecutable(std::shared_ptr<Chip> chip, const Segment& segment);
  Result<void> configure();
  Result<void> make_slots();
  Result<void> complete(Slot& slot);
  Result<void> queue_again(Slot& slot, Status status);

  std::shared_ptr<Chip> chip_;
  std::string subject_;
  HefBytes hef_;
  std::string network_;  // of the file's; empty: its only one
  Signature signature_;
  Ports ports_;
  std::chrono::milliseconds timeout_;
  std::unique_ptr<BoundStreams> streams_;
  std::vector<std::unique_ptr<Slot>> slots_;
  size_t next_ = 0;           // of slots_, to be filled
  std::deque<Slot*> queued_;  // in the order of begin()
};

}  // namespace tessera::hailort
