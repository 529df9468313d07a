#include "cli/option_names.h"

#include <algorithm>

namespace tessera::cli {
namespace {

struct OptionName {
  std::string_view in_library;
  std::string_view on_command_line;
};

// A name that begins with another stands before it. A new option of the library's is a line here.
constexpr OptionName kOptionNames[] = {
    {"AudioReadOptions::allow_truncated", "--allow-truncated"},
    {"AudioReadOptions::raw", "--raw"},
    {"BuildOptions::calibration", "--calib"},
    {"BuildOptions::integers", "--quantize"},
    {"BuildOptions::norm", "--norm"},
    {"CalibrationConfig::array", "--calib-array"},
    {"CalibrationConfig::length", "--array-length"},
    {"ChannelPolicy::Kind::kMix", "--channel mix"},
    {"ChannelPolicy::Kind::kPick", "--channel 1"},
    {"ChannelPolicy", "--channel"},
    {"FolderOptions::recursive", "--recursive"},
    {"ImportOptions::length_samples", "--length"},
    {"ImportOptions::model_args", "--model-arg"},
    {"ImportOptions::sensor", "--sensor and --devices"},
    {"SensorInput::devices", "--devices"},
    {"SensorInput::", "--sensor: "},
    {"WindowFileOptions::columns", "--columns"},
    {"WindowFileOptions::hop_frames", "--hop"},
    {"WindowFileOptions::frames", "--length"},
    {"DataSetOptions::mixture", "--mix"},
    {"EvaluationOptions::folder", "--output"},
    {"EvaluationOptions::jobs", "--jobs"},
    {"EvaluationOptions::models", "MODEL and --against"},
    {"Devices(chip, host)", "--host-backend of 'tessera run' and 'tessera separate'"},
    {"LoadedNetwork::session()", "'tessera run'"},
    {"PlanOptions::block_channels", "--block-channels"},
    {"PlanOptions::layout", "--layout"},
    {"PlanOptions::tile_frames", "--tile-frames"},
    {"RewriteOptions::disable", "--disable"},
    {"RewriteOptions::only", "--only"},
    {"SeparatorOptions::channels", "--channel"},
    {"SeparatorOptions::sample_rate", "--sample-rate"},
    {"SeparatorOptions::threads", "--threads"},
    {"SeparatorOptions::window_seconds", "--window"},
    {"ServeOptions::allow_anonymous", "--allow-anonymous"},
    {"ServeOptions::host", "--listen"},
    {"ServeOptions::max_audio_seconds", "--max-audio"},
    {"ServeOptions::max_batch", "--max-batch"},
    {"ServeOptions::max_connections", "--max-connections"},
    {"ServeOptions::max_streams", "--max-streams"},
    {"ServeOptions::models", "MODEL"},
    {"ServeOptions::queue", "--queue"},
    {"ServeOptions::stop_seconds", "--stop-seconds"},
    {"ServeOptions::token", "--token-file"},
    {"ServeOptions::workers", "--workers"},
    {"SweepOptions::case_limit_s", "--case-limit"},
    {"StreamingOptions::global_norms", "--global-norms running"},
    {"StreamingOptions::step_samples", "--step"},
    {"WriteOptions::force", "--force"},
    {"tessera::build()", "'tessera build'"},
    {"tessera::signature_of()", "'tessera inspect'"},
};

// The name that `text` begins with, or null.
const OptionName* name_at(std::string_view text) {
  const auto* found =
      std::find_if(std::begin(kOptionNames), std::end(kOptionNames),
                   [&](const OptionName& row) { return text.starts_with(row.in_library); });
  return found == std::end(kOptionNames) ? nullptr : found;
}

}  // namespace

std::string in_flags(std::string_view text) {
  std::string flags;
  while (!text.empty()) {
    const OptionName* name = name_at(text);
    flags += name == nullptr ? text.substr(0, 1) : name->on_command_line;
    text.remove_prefix(name == nullptr ? 1 : name->in_library.size());
  }
  return flags;
}

Error in_flags(Error error) {
  error.message = in_flags(error.message);
  error.subject = in_flags(error.subject);
  error.hint = in_flags(error.hint);
  return error;
}

}  // namespace tessera::cli
