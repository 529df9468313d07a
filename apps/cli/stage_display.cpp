#include "cli/stage_display.h"

#include <fmt/format.h>

namespace tessera::cli {

StageCallback StageDisplay::observer() {
  return [this](const StageEvent& event) { show(event); };
}

StageProgress StageDisplay::progress() {
  return [this](double fraction) {
    if (progress_) progress_->set(fraction);
    return true;
  };
}

void StageDisplay::show(const StageEvent& event) {
  progress_.reset();
  const std::string name(to_string(event.stage));
  if (!event.ended) {
    progress_ = std::make_unique<Progress>(console_, name);
    return;
  }
  console_.print("{:<8} {:>7.3f} s  {}\n", name, event.seconds, printable(event.text));
  document_.push_back({{"stage", name}, {"seconds", event.seconds}, {"result", event.text}});
}

}  // namespace tessera::cli
