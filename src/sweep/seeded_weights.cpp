#include "sweep/seeded_weights.h"

#include <cmath>
#include <vector>

namespace tessera {
namespace {

// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014), begun at
// the FNV-1a hash of the layer's name and the seed.
class LayerNoise {
 public:
  LayerNoise(int64_t seed, std::string_view name) {
    constexpr uint64_t kOffset = 14695981039346656037U;
    constexpr uint64_t kPrime = 1099511628211U;
    state_ = kOffset ^ static_cast<uint64_t>(seed);
    for (const char c : name) state_ = (state_ ^ static_cast<unsigned char>(c)) * kPrime;
  }

  // Uniform in -1..1.
  float next() {
    state_ += 0x9E3779B97F4A7C15U;
    uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    z ^= z >> 31U;
    return static_cast<float>(z >> 40U) / static_cast<float>(1 << 23) - 1.0F;
  }

 private:
  uint64_t state_;
};

std::vector<float> zeros(int64_t count) {
  return std::vector<float>(static_cast<size_t>(count), 0.0F);
}

}  // namespace

Tensor seeded_weight(WeightForm form, int64_t out, int64_t in, int64_t kernel, int64_t groups,
                     int64_t seed, std::string_view name) {
  const int64_t own = in / groups;
  std::vector<float> values = zeros(out * own * kernel);
  if (form == WeightForm::random) {
    LayerNoise noise(seed, name);
    const float bound = std::sqrt(3.0F / static_cast<float>(own * kernel));
    for (float& value : values) value = bound * noise.next();
  } else if (form == WeightForm::identity) {
    for (int64_t o = 0; o < out; ++o) values[static_cast<size_t>(o * own + o % own)] = 1;
  } else {
    const int64_t share = std::max<int64_t>(1, own / out);
    for (int64_t o = 0; o < out; ++o) {
      const int64_t first = o * share % own;
      for (int64_t i = 0; i < share; ++i)
        values[static_cast<size_t>(o * own + first + i)] = 1.0F / static_cast<float>(share);
    }
  }
  return {{out, own, 1, kernel}, std::move(values)};
}

Tensor seeded_bias(int64_t out, int64_t seed, std::string_view name) {
  LayerNoise noise(seed + 1, name);
  std::vector<float> values = zeros(out);
  for (float& value : values) value = 0.05F * noise.next();
  return {{out}, std::move(values)};
}

Tensor seeded_scale(int64_t channels, int64_t seed, std::string_view name) {
  LayerNoise noise(seed + 2, name);
  std::vector<float> values = zeros(channels);
  for (float& value : values) value = 1 + 0.1F * noise.next();
  return {{channels, 1, 1, 1}, std::move(values)};
}

Tensor block_of(const Tensor& weight, int64_t first_out, int64_t outs, int64_t first_in,
                int64_t ins) {
  const int64_t in = weight.dim(1);
  const int64_t taps = weight.dim(2) * weight.dim(3);
  std::vector<float> values;
  values.reserve(static_cast<size_t>(outs * ins * taps));
  for (int64_t o = first_out; o < first_out + outs; ++o) {
    for (int64_t i = 0; i < ins * taps; ++i)
      values.push_back(weight[(o * in + first_in) * taps + i]);
  }
  return {{outs, ins, weight.dim(2), weight.dim(3)}, std::move(values)};
}

}  // namespace tessera
