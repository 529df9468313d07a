// Steps that make every channel from the same channels of their operands.
#pragma once

#include <algorithm>

#include "backends/emulator/steps.h"

namespace tessera::emulator {

class ChannelwiseStep : public Step {
 public:
  // Items of about this many elements: long enough to be worth taking.
  static constexpr int64_t kItemElements = 1024;

  explicit ChannelwiseStep(const Shape& shape)
      : channels_(shape.c),
        per_item_(std::max<int64_t>(1, kItemElements / std::max<int64_t>(1, shape.h * shape.w))) {
    items = (channels_ + per_item_ - 1) / per_item_;
    channels_per_item = per_item_;
  }
  void run(int64_t item, std::byte* scratch) final {
    const int64_t end = std::min(channels_, (item + 1) * per_item_);
    for (int64_t c = item * per_item_; c < end; ++c) run_channel(c, scratch);
  }

 protected:
  // Reads other channels too, which have to be complete.
  void stand_alone() { channels_per_item = 0; }

 private:
  virtual void run_channel(int64_t c, std::byte* scratch) = 0;

  int64_t channels_;
  int64_t per_item_;
};

}  // namespace tessera::emulator
