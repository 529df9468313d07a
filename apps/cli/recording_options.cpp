#include "cli/recording_options.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>
#include <vector>

namespace tessera::cli {

void add_recording_options(CommandLine& app, RecordingOptions& options) {
  app.add_option("--channel", options.channel,
                 "What to do with several channels that differ: refuse, mix, or the number of one "
                 "from 1")
      ->type_name("{refuse,mix,N}")
      ->capture_default_str();
  add_truncation_option(app, options.allow_truncated);
}

void add_truncation_option(CommandLine& app, bool& allow_truncated) {
  app.add_flag("--allow-truncated", allow_truncated,
               "Use what is there of recordings that are cut off, and tell what is missing");
}

void add_raw_option(CommandLine& app, RecordingOptions& options) {
  app.add_option("--raw", options.raw,
                 "Recordings are samples without a header, little endian and interleaved: s16le or "
                 "f32le, their rate, their channels (1), e.g. s16le:16000:2")
      ->type_name("FORMAT:HZ[:CHANNELS]");
}

Result<AudioReadOptions> RecordingOptions::reading() const {
  AudioReadOptions reading{.allow_truncated = allow_truncated};
  if (raw.empty()) return reading;
  const auto invalid = [&](std::string_view why) {
    return TESSERA_ERROR(kInvalidArgument, "--raw", fmt::format("'{}' {}", raw, why),
                         "write FORMAT:HZ[:CHANNELS], e.g. s16le:16000 or f32le:8000:2");
  };
  std::vector<std::string> parts;
  std::istringstream text(raw);
  for (std::string part; std::getline(text, part, ':');) parts.push_back(part);
  if (parts.size() < 2 || parts.size() > 3 || raw.back() == ':')
    return invalid("has not two or three parts");
  RawSamples samples;
  if (parts[0] == "f32le") {
    samples.format = SampleFormat::kFloat;
  } else if (parts[0] != "s16le") {
    return invalid("names no format; there are s16le and f32le");
  }
  const auto number = [](const std::string& part, int& value) {
    const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), value);
    return failed == std::errc() && end == part.data() + part.size();
  };
  if (!number(parts[1], samples.sample_rate)) return invalid("has no rate in Hz");
  if (parts.size() == 3 && !number(parts[2], samples.channels)) {
    return invalid("has no number of channels");
  }
  reading.raw = samples;
  return reading;
}

}  // namespace tessera::cli
