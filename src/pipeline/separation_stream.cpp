#include "pipeline/separation_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

// As check_finite(), for a block that begins at `first_frame`.
Result<void> check_block(const AudioBuffer& block, int64_t first_frame,
                         const std::string& subject) {
  for (size_t c = 0; c < block.channels.size(); ++c) {
    const std::vector<float>& channel = block.channels[c];
    const auto bad =
        std::find_if_not(channel.begin(), channel.end(), [](float x) { return std::isfinite(x); });
    if (bad == channel.end()) continue;
    const double frame = static_cast<double>(first_frame + (bad - channel.begin()));
    return TESSERA_ERROR(kCorrupt, subject,
                         fmt::format("the sample at {:.3f} s in channel {} is NaN or infinite",
                                     frame / std::max(1, block.sample_rate), c + 1),
                         "repair or export it again");
  }
  return {};
}

}  // namespace

Result<SeparationStream> SeparationStream::create(const Format& format,
                                                  std::unique_ptr<VoiceStream> network,
                                                  const std::string& subject) {
  TESSERA_TRY(MonoStream mono, MonoStream::create(format.recording_rate, format.network_rate,
                                                  format.channels, subject));
  return SeparationStream(format, std::move(mono), std::move(network), subject);
}

Result<void> SeparationStream::push(const AudioBuffer& block, Voices& voices) {
  TESSERA_TRY_VOID(check_block(block, mono_.frames_in(), subject_));
  mixture_.clear();
  TESSERA_TRY_VOID(mono_.push(block, mixture_));
  levels_.add_mixture(mixture_);
  TESSERA_TRY_VOID(network_->push(mixture_, network_voices_));
  return append(false, voices);
}

Result<void> SeparationStream::finish(Voices& voices) {
  mixture_.clear();
  TESSERA_TRY_VOID(mono_.finish(mixture_));
  levels_.add_mixture(mixture_);
  TESSERA_TRY_VOID(network_->push(mixture_, network_voices_));
  TESSERA_TRY_VOID(network_->finish(network_voices_));
  fit_length();
  return append(true, voices);
}

void SeparationStream::fit_length() {
  if (network_voices_.empty()) return;
  returned_samples_ = network_samples_ + static_cast<int64_t>(network_voices_.front().size());
  const int64_t wanted = std::max<int64_t>(0, mono_.frames_out() - network_samples_);
  for (std::vector<float>& voice : network_voices_) voice.resize(static_cast<size_t>(wanted), 0.0F);
}

Result<void> SeparationStream::append(bool last, Voices& voices) {
  if (network_voices_.empty()) return {};
  TESSERA_TRY_VOID(levels_.add_network_voices(network_voices_));
  network_samples_ += static_cast<int64_t>(network_voices_.front().size());
  Voices block(network_voices_.size());
  if (format_.network_rate == format_.recording_rate) {
    block.swap(network_voices_);
  } else {
    while (resamplers_.size() < block.size()) {
      TESSERA_TRY(Resampler back, Resampler::create(format_.network_rate, format_.recording_rate));
      resamplers_.push_back(std::move(back));
    }
    for (size_t v = 0; v < block.size(); ++v) {
      TESSERA_TRY_VOID(resamplers_[v].push(network_voices_[v], block[v]));
      if (last) TESSERA_TRY_VOID(resamplers_[v].finish(block[v]));
    }
  }
  network_voices_.assign(block.size(), {});
  if (last) {
    // Two roundings of the length may leave a sample too many or too few.
    const auto wanted =
        static_cast<size_t>(std::max<int64_t>(0, mono_.frames_in() - voice_frames_));
    for (std::vector<float>& voice : block) voice.resize(wanted, 0.0F);
  }
  TESSERA_TRY_VOID(levels_.add_voices(block));
  voice_frames_ += static_cast<int64_t>(block.front().size());
  voices.resize(block.size());
  for (size_t v = 0; v < block.size(); ++v) {
    if (voices[v].empty()) {
      voices[v] = std::move(block[v]);
    } else {
      voices[v].insert(voices[v].end(), block[v].begin(), block[v].end());
    }
  }
  return {};
}

std::vector<Note> SeparationStream::notes() const {
  std::vector<Note> notes;
  for (const std::string& step : mono_.steps()) notes.push_back({NoteSeverity::info, step});
  const int64_t samples = mono_.frames_out();
  if (returned_samples_ != samples) {
    notes.push_back(
        {NoteSeverity::warning,
         fmt::format("the network returns {} samples for {}; {}", returned_samples_, samples,
                     returned_samples_ < samples ? "the end is silence" : "the rest is cut")});
  }
  if (format_.network_rate != format_.recording_rate) {
    notes.push_back(
        {NoteSeverity::info, fmt::format("voices brought back to {} Hz", format_.recording_rate)});
  }
  return notes;
}

}  // namespace tessera
