#include "tessera/audio.h"

#include <soxr.h>

#include <algorithm>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr size_t kResampledFrames = 1 << 15;
constexpr int kMaxRatio = 1000;

struct DeleteSoxr {
  void operator()(soxr_t soxr) const { soxr_delete(soxr); }
};

Error soxr_failure(soxr_error_t error) {
  return TESSERA_ERROR(kResourceLimit, "resampler", soxr_strerror(error), "");
}

}  // namespace

int64_t resampled_frames(int64_t frames, int src_rate, int dst_rate) {
  // Whole seconds and the rest apart, so that nothing overflows.
  const int64_t seconds = frames / src_rate;
  const int64_t rest = frames % src_rate;
  return seconds * dst_rate + (2 * rest * dst_rate + src_rate) / (2 * int64_t{src_rate});
}

struct Resampler::State {
  std::unique_ptr<soxr, DeleteSoxr> converter;
  int src_rate = 0;
  int dst_rate = 0;
  int64_t frames_in = 0;
  int64_t frames_out = 0;
  std::vector<float> block;

  // Feeds `input` (nullptr: the end) until it is used up and nothing more comes, and appends what
  // comes.
  Result<void> feed(const float* input, size_t count, std::vector<float>& output);
};

Result<void> Resampler::State::feed(const float* input, size_t count, std::vector<float>& output) {
  block.resize(kResampledFrames);
  size_t used_in_all = 0;
  for (;;) {
    size_t used = 0;
    size_t made = 0;
    const float* source = input == nullptr ? nullptr : input + used_in_all;
    const soxr_error_t failed = soxr_process(converter.get(), source, count - used_in_all, &used,
                                             block.data(), block.size(), &made);
    if (failed != nullptr) return soxr_failure(failed);
    used_in_all += used;
    output.insert(output.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(made));
    frames_out += static_cast<int64_t>(made);
    if (made < block.size() && used_in_all == count) return {};
  }
}

Result<Resampler> Resampler::create(int src_rate, int dst_rate, ResampleQuality quality) {
  if (src_rate < 1 || dst_rate < 1 || src_rate / dst_rate >= kMaxRatio ||
      dst_rate / src_rate >= kMaxRatio) {
    return TESSERA_ERROR(kInvalidArgument, "resampler",
                         fmt::format("cannot convert {} Hz to {} Hz", src_rate, dst_rate),
                         "check the sampling rates");
  }
  auto state = std::make_unique<State>();
  state->src_rate = src_rate;
  state->dst_rate = dst_rate;
  const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  const bool very_high = quality == ResampleQuality::kVeryHigh;
  const soxr_quality_spec_t recipe = soxr_quality_spec(very_high ? SOXR_VHQ : SOXR_HQ, 0);
  const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
  soxr_error_t failed = nullptr;
  state->converter.reset(soxr_create(src_rate, dst_rate, 1, &failed, &io, &recipe, &runtime));
  if (failed != nullptr) return soxr_failure(failed);
  return Resampler(std::move(state));
}

Resampler::Resampler(std::unique_ptr<State> state) : state_(std::move(state)) {}
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;
Resampler::~Resampler() = default;

Result<void> Resampler::push(std::span<const float> input, std::vector<float>& output) {
  if (input.empty()) return {};
  state_->frames_in += static_cast<int64_t>(input.size());
  return state_->feed(input.data(), input.size(), output);
}

Result<void> Resampler::finish(std::vector<float>& output) {
  TESSERA_TRY_VOID(state_->feed(nullptr, 0, output));
  // The converter may round the length the other way: one sample more or less at the very end.
  const int64_t exact = resampled_frames(state_->frames_in, state_->src_rate, state_->dst_rate);
  const int64_t difference = exact - state_->frames_out;
  output.resize(static_cast<size_t>(static_cast<int64_t>(output.size()) + difference), 0.0F);
  state_->frames_out = exact;
  return {};
}

Result<AudioBuffer> resample(AudioBuffer audio, int dst_rate, ResampleQuality quality) {
  if (audio.sample_rate == dst_rate) return audio;
  for (std::vector<float>& channel : audio.channels) {
    TESSERA_TRY(Resampler resampler, Resampler::create(audio.sample_rate, dst_rate, quality));
    std::vector<float> converted;
    const auto frames = static_cast<int64_t>(channel.size());
    converted.reserve(static_cast<size_t>(resampled_frames(frames, audio.sample_rate, dst_rate)) +
                      kResampledFrames);
    TESSERA_TRY_VOID(resampler.push(channel, converted));
    TESSERA_TRY_VOID(resampler.finish(converted));
    channel = std::move(converted);
  }
  audio.sample_rate = dst_rate;
  return audio;
}

}  // namespace tessera
