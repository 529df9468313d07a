// From a recording that comes block by block to its voices at its own rate.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "audio/mono_stream.h"
#include "pipeline/voice_level.h"
#include "pipeline/voice_stream.h"
#include "tessera/audio.h"
#include "tessera/result.h"

namespace tessera {

class SeparationStream {
 public:
  struct Format {
    int recording_rate = 0;  // Hz
    int network_rate = 0;    // Hz
    ChannelPolicy channels = {};
  };

  // `subject` names the recording in errors. Errors: those of MonoStream::create().
  static Result<SeparationStream> create(const Format& format, std::unique_ptr<VoiceStream> network,
                                         const std::string& subject);

  // The recording's next frames. Appends what the voices are known to be so far, as loud as the
  // network makes them. Errors: kCorrupt for samples that are NaN or infinite; those of
  // MonoStream::push(), of the network, and of LevelMeter.
  Result<void> push(const AudioBuffer& block, Voices& voices);
  // Appends the rest: the voices are as long as the recording. Nothing may follow.
  Result<void> finish(Voices& voices);

  const LevelMeter& levels() const { return levels_; }
  int64_t frames() const { return mono_.frames_in(); }
  int64_t stretches() const { return network_->stretches(); }
  // What was done to the recording and its voices, once it has ended.
  std::vector<Note> notes() const;

 private:
  SeparationStream(const Format& format, MonoStream mono, std::unique_ptr<VoiceStream> network,
                   const std::string& subject)
      : format_(format),
        subject_(subject),
        mono_(std::move(mono)),
        network_(std::move(network)),
        levels_(subject) {}

  // To the recording's rate; `last`: nothing follows.
  Result<void> append(bool last, Voices& voices);
  // What the network adds or drops at the end is cut or made up for.
  void fit_length();

  Format format_;
  std::string subject_;
  MonoStream mono_;
  std::unique_ptr<VoiceStream> network_;
  LevelMeter levels_;
  std::vector<Resampler> resamplers_;  // one for each voice, where the rates differ
  std::vector<float> mixture_;         // one block, at the network's rate
  Voices network_voices_;              // the same
  int64_t network_samples_ = 0;        // of each voice so far
  int64_t voice_frames_ = 0;           // the same, at the recording's rate
  int64_t returned_samples_ = 0;       // that the network made of all, before fit_length()
};

}  // namespace tessera
