// Voices of a recording that comes block by block: a network is evaluated on one stretch of it
// after the other, so that memory does not grow with it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "pipeline/reach.h"
#include "tessera/result.h"

namespace tessera {

using Voices = std::vector<std::vector<float>>;  // each of the same length

// The network's voices of a stretch of the recording. They may be a little shorter or longer than
// the stretch where the network loses or adds samples at its end.
using EvaluateStretch = std::function<Result<Voices>(std::span<const float> samples)>;

class VoiceStream {
 public:
  virtual ~VoiceStream() = default;

  // The recording's next samples. Appends to `voices`, which has a vector for each voice or none
  // yet, what they are known to be so far.
  virtual Result<void> push(std::span<const float> samples, Voices& voices) = 0;
  // The recording has ended: appends the rest. Nothing may follow.
  virtual Result<void> finish(Voices& voices) = 0;

  // How often the network was evaluated.
  virtual int64_t stretches() const = 0;
};

// Evaluates the whole recording at once, in memory that grows with it.
std::unique_ptr<VoiceStream> whole_voices(EvaluateStretch evaluate);

// The voices of the whole recording, as far as rounding lets a network give the same for a part of
// it: stretches of `chunk` samples that overlap by what the voices depend on, each of which gives
// those samples that depend on nothing outside of it. `chunk` > reach.samples() + reach.grid.
std::unique_ptr<VoiceStream> chunked_voices(const Reach& reach, int64_t chunk,
                                            EvaluateStretch evaluate);

// What a network that keeps its state knows of its voices once it has heard these samples, too;
// without samples, the rest: the recording has ended.
using EvaluateNext = std::function<Result<Voices>(std::optional<std::span<const float>> samples)>;

// The voices of the whole recording, whatever of its past they depend on: the state of the network
// goes from one step of `step_samples` to the next.
std::unique_ptr<VoiceStream> streamed_voices(int64_t step_samples, EvaluateNext evaluate);

struct OverlappingWindows {
  int64_t window = 0;   // samples, 2 at least
  int64_t overlap = 0;  // samples that two windows share; at most half a window
};

// For networks that hear the whole recording at once, e.g. in norms over time: windows of it, each
// separated by itself. Where two overlap, the voices of the later one are put into the order that
// correlates best with the earlier one's, and one fades into the other. All have the recording's
// level: the factor that brings the sum of a window's voices nearest to it. A recording of one
// window or less is evaluated as it is.
std::unique_ptr<VoiceStream> overlapping_voices(const OverlappingWindows& windows,
                                                EvaluateStretch evaluate);

}  // namespace tessera
