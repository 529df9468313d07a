#include "backends/hailo/hailo_executable.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "backends/hailo/status.h"

namespace tessera::hailort {
namespace {

std::chrono::milliseconds timeout_of_environment() {
  const char* text = std::getenv(kTimeoutVariable);  // NOLINT(concurrency-mt-unsafe): read only
  int milliseconds = 0;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), milliseconds);
  return milliseconds > 0 ? std::chrono::milliseconds(milliseconds) : kDefaultTimeout;
}

}  // namespace

HailoExecutable::HailoExecutable(std::shared_ptr<Chip> chip, const Segment& segment)
    : chip_(std::move(chip)),
      subject_(fmt::format("piece '{}'", segment.name)),
      hef_(std::make_shared<std::vector<uint8_t>>(segment.artifact->bytes.begin(),
                                                  segment.artifact->bytes.end())),
      network_(segment.artifact->network),
      signature_(signature_of(segment.graph)),
      ports_(ports_of(segment.graph, segment.encodings)),
      timeout_(timeout_of_environment()) {}

Result<std::unique_ptr<Executable>> HailoExecutable::load(std::shared_ptr<Chip> chip,
                                                          const Segment& segment) {
  std::unique_ptr<HailoExecutable> executable(new HailoExecutable(std::move(chip), segment));
  TESSERA_TRY_VOID(executable->configure());
  TESSERA_TRY_VOID(executable->make_slots());
  return std::unique_ptr<Executable>(std::move(executable));
}

// Buffers that the library may still write to are never given back.
HailoExecutable::~HailoExecutable() {
  reset();
  for (std::unique_ptr<Slot>& slot : slots_) {
    if (!slot->wait_until_idle(timeout_)) (void)slot.release();
  }
}

Result<void> HailoExecutable::configure() {
  TESSERA_TRY(auto configured, chip_->configure(hef_, subject_));
  TESSERA_TRY(streams_,
              BoundStreams::bind(*chip_, std::move(configured), ports_, network_, subject_));
  hef_ = streams_->configured()->bytes;  // once for all pieces of a file
  return {};
}

Result<void> HailoExecutable::make_slots() {
  const std::vector<size_t> inputs = streams_->input_bytes();
  const std::vector<size_t> outputs = streams_->output_bytes();
  for (size_t i = 0; i < streams_->queue_depth(); ++i) {
    TESSERA_TRY(auto slot, Slot::create(inputs, outputs));
    slots_.push_back(std::move(slot));
  }
  return {};
}

int64_t HailoExecutable::queue_depth() const {
  return static_cast<int64_t>(slots_.size());
}

int64_t HailoExecutable::arena_bytes() const {
  int64_t bytes = 0;
  for (const auto& slot : slots_) bytes += slot->bytes();
  return bytes;
}

Result<void> HailoExecutable::run(std::span<const ConstValues> inputs,
                                  std::span<const Values> outputs) {
  TESSERA_TRY_VOID(check_values(signature_, inputs, outputs));
  TESSERA_TRY_VOID(begin(inputs));
  return finish(outputs);
}

Result<void> HailoExecutable::begin(std::span<const ConstValues> inputs) {
  TESSERA_TRY_VOID(check_input_values(signature_, inputs));
  if (queued_.size() == slots_.size()) {
    return TESSERA_ERROR(kInvalidArgument, subject_,
                         fmt::format("{} evaluations are begun already", queued_.size()),
                         "finish one first");
  }
  if (streams_->is_shut_down()) TESSERA_TRY_VOID(configure());
  Slot& slot = *slots_[next_];
  TESSERA_TRY_VOID(streams_->fill(slot, inputs, subject_));
  next_ = (next_ + 1) % slots_.size();
  streams_->queue(slot, timeout_);
  queued_.push_back(&slot);
  return {};
}

Result<void> HailoExecutable::finish(std::span<const Values> outputs) {
  if (queued_.empty()) {
    return TESSERA_ERROR(kInvalidArgument, subject_, "no evaluation was begun", "begin one first");
  }
  Slot& slot = *queued_.front();
  queued_.pop_front();
  const Result<void> completed = complete(slot);
  if (completed) return streams_->take(slot, outputs, subject_);
  // Its transfers must end before its buffers are used again.
  if (!slot.wait_until_idle(std::chrono::milliseconds(0))) chip_->shut_down(streams_->configured());
  return completed;
}

// The frames are in the slot's own buffers: where the device was lost, they are sent once more.
Result<void> HailoExecutable::complete(Slot& slot) {
  while (true) {
    const Slot::End end = slot.wait(timeout_);
    if (end.status == kSuccess && end.missing_bytes == 0) return {};
    if (end.status == kSuccess) {
      return TESSERA_ERROR(
          kIo, subject_, fmt::format("the device's answer is {} bytes short", end.missing_bytes),
          "run again; if it happens again, restart the device and look at 'dmesg'");
    }
    if (!is_device_loss(end.status))
      return status_error(chip_->library(), end.status, subject_, "running it");
    TESSERA_TRY_VOID(queue_again(slot, end.status));
  }
}

Result<void> HailoExecutable::queue_again(Slot& slot, Status status) {
  TESSERA_TRY_VOID(chip_->recover(slot.generation(), status, subject_));
  if (!slot.wait_until_idle(timeout_)) {
    return TESSERA_ERROR(kUnavailable, subject_,
                         "HailoRT does not give the frames of a lost device back",
                         "start the program again");
  }
  if (streams_->configured()->generation != chip_->generation()) TESSERA_TRY_VOID(configure());
  streams_->queue(slot, timeout_);
  return {};
}

void HailoExecutable::reset() {
  bool is_idle = true;
  for (Slot* slot : queued_) is_idle = slot->wait_until_idle(timeout_) && is_idle;
  if (!is_idle) chip_->shut_down(streams_->configured());
  queued_.clear();
}

}  // namespace tessera::hailort
