#include <fmt/format.h>

#include <cmath>

#include "tessera/separator.h"

namespace tessera {
namespace {

Error invalid_option(const char* field, std::string message, std::string hint) {
  return TESSERA_ERROR(kInvalidArgument, field, std::move(message), std::move(hint));
}

}  // namespace

Result<void> SeparatorOptions::validate() const {
  if (threads < 0) {
    return invalid_option("SeparatorOptions::threads",
                          fmt::format("{} threads make no sense", threads),
                          "use 0 for as many as the process may use, or a number from 1");
  }
  if (memory_limit_bytes < 0) {
    return invalid_option("SeparatorOptions::memory_limit_bytes",
                          fmt::format("{} bytes make no limit", memory_limit_bytes),
                          "use 0 for no limit");
  }
  if (sample_rate && *sample_rate < 1) {
    return invalid_option("SeparatorOptions::sample_rate",
                          fmt::format("{} Hz is no sampling rate", *sample_rate),
                          "give the rate that the network was trained at, e.g. 8000");
  }
  if (channels.kind == ChannelPolicy::Kind::kPick && channels.channel < 1) {
    return invalid_option("SeparatorOptions::channels",
                          fmt::format("there is no channel {}", channels.channel),
                          "count channels from 1");
  }
  if (window_seconds != 0 && !(window_seconds >= 1 && std::isfinite(window_seconds))) {
    return invalid_option("SeparatorOptions::window_seconds",
                          fmt::format("{} s make no window", window_seconds),
                          "use 0 for the whole recording at once, or seconds from 1");
  }
  return {};
}

}  // namespace tessera
