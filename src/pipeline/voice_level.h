// The level that a separation's voices have.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tessera/result.h"
#include "tessera/separator.h"

namespace tessera {

// At the network's rate: brings all voices to the level of `mixture` by one factor, on request or,
// with VoiceLevel::fit, where they exceed full scale, which it adds to `result.level_changes`.
// Errors: kInvalidArgument, with `subject`, for a voice with NaN or infinite samples.
Result<void> set_level(std::span<const float> mixture, VoiceLevel level, const std::string& subject,
                       Separation& result);

// At the recording's rate: with VoiceLevel::fit, brings voices below full scale that exceed it all
// the same, because the mixture does (recordings in floats) or because resampling makes peaks a
// little higher. Errors: those of set_level().
Result<void> fit_full_scale(VoiceLevel level, const std::string& subject, Separation& result);

}  // namespace tessera
