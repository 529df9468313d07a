// What a Separator holds: the network, its backends, and the session of the last length.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/voices.h"
#include "pipeline/network_backends.h"
#include "pipeline/reach.h"
#include "pipeline/separation_stream.h"
#include "pipeline/voice_stream.h"
#include "tessera/separator.h"
#include "tessera/streaming.h"

namespace tessera {

struct Separator::State {
  std::string model;  // its path
  SeparatorOptions options;
  LoadedNetwork network;
  std::optional<NetworkBackends> backends;
  VoiceLayout voices;
  std::optional<int64_t> only_length;
  std::vector<Note> notes;
  std::optional<Session> session;
  int64_t session_length = 0;  // in samples

  std::optional<Reach> reach;  // of the voices; none: they depend on the whole recording
  bool carries_sums = false;   // they depend on its past by sums that a stream carries
  std::optional<StreamingSession> streaming;            // for that, once it is needed
  std::optional<StreamingSession> streaming_reference;  // for SeparatorOptions::check

  bool has_session_for(int64_t samples) const { return session && session_length == samples; }
  Result<void> load();
  Result<void> choose_backend();
  bool can_stream() const;
  void note_rate();
  int rate_for(int recording_rate, std::vector<Note>& noted) const;
  Result<void> set_length(int64_t samples, const std::string& subject);
  Error too_large(Error error) const;
  Result<void> open_session(int64_t samples, const std::string& subject);

  // Frames of the longest recording that is evaluated at once; a longer one is in stretches.
  int64_t most_at_once(int recording_rate) const;
  // What it is done to goes to `result`, which must stay until the stream has ended.
  Result<SeparationStream> stream(int recording_rate, bool in_stretches, const std::string& subject,
                                  Separation& result);
  std::unique_ptr<VoiceStream> windows(int network_rate, EvaluateStretch evaluate,
                                       std::vector<Note>& noted) const;
  std::unique_ptr<VoiceStream> chunks(int network_rate, EvaluateStretch evaluate) const;
  // Of a network that carries sums.
  Result<std::unique_ptr<VoiceStream>> steps(int network_rate, const std::string& subject,
                                             Separation& result);
  Result<void> open_streaming(int network_rate);
  // The network's own voices of `mixture`, which is at its rate.
  Result<Voices> evaluate(std::span<const float> mixture, const std::string& subject,
                          Separation& result);
  Result<void> check(std::span<const float> mixture, std::span<const std::vector<float>> outputs,
                     const std::string& subject, Separation& result) const;
};

}  // namespace tessera
