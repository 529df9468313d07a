// Streams of networks that tests build, and of files, beside the whole run of the same samples.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "support/conv_tasnet.h"
#include "support/random_values.h"
#include "tessera/streaming.h"

namespace tessera::test {

// A network that is built by a function of the length.
class BuiltNetwork final : public Network {
 public:
  BuiltNetwork(int64_t min_length, std::function<Graph(int64_t)> make)
      : min_length_(min_length), make_(std::move(make)) {}
  int64_t min_length() const override { return min_length_; }
  Result<Graph> instantiate(int64_t length) const override { return make_(length); }

 private:
  int64_t min_length_;
  std::function<Graph(int64_t)> make_;
};

inline LoadedNetwork loaded(int64_t length, int64_t min_length,
                            std::function<Graph(int64_t)> make) {
  LoadedNetwork network;
  network.model.graph = make(length);
  network.model.length_samples = length;
  network.model.network = std::make_shared<BuiltNetwork>(min_length, std::move(make));
  return network;
}

inline LoadedNetwork loaded(const ConvTasNet& net, uint32_t seed = 1) {
  return loaded(net.samples, net.kernel, [net, seed](int64_t length) {
    ConvTasNet at = net;
    at.samples = length;
    return build(at, seed);
  });
}

inline StreamingSession stream_of(LoadedNetwork network, std::string_view backend = "cpu",
                                  const StreamingOptions& options = {}) {
  const auto made = make_backend(backend, {.threads = 1}).value();
  auto stream = StreamingSession::create(std::move(network), *made, options);
  EXPECT_TRUE(stream.has_value()) << stream.error().to_string();
  return std::move(stream).value();
}

// Values [rows, frames] of an output, joined over pushes.
struct Joined {
  Shape shape;
  std::vector<float> values;

  void append(const StreamedFrames& frames) {
    const int64_t rows = frames.shape.c * frames.shape.h;
    std::vector<float> both;
    for (int64_t row = 0; row < rows; ++row) {
      const auto before = values.begin() + row * shape.w;
      both.insert(both.end(), before, before + (values.empty() ? 0 : shape.w));
      const auto more = frames.values.begin() + row * frames.shape.w;
      both.insert(both.end(), more, more + frames.shape.w);
    }
    shape = {frames.shape.c, frames.shape.h, (values.empty() ? 0 : shape.w) + frames.shape.w};
    values = std::move(both);
  }
};

// All frames of every output: `input` is [rows, samples].
inline std::vector<Joined> streamed(StreamingSession& stream, const std::vector<float>& input,
                                    int64_t chunk) {
  const Shape frame = stream.input_frame();
  const int64_t rows = frame.c * frame.h;
  const int64_t samples = static_cast<int64_t>(input.size()) / rows;
  std::vector<Joined> joined(stream.outputs().size());
  for (int64_t begin = 0; begin < samples; begin += chunk) {
    const int64_t count = std::min(chunk, samples - begin);
    std::vector<float> part;
    for (int64_t row = 0; row < rows; ++row) {
      const auto from = input.begin() + row * samples + begin;
      part.insert(part.end(), from, from + count);
    }
    const auto pushed = stream.push(part);
    EXPECT_TRUE(pushed.has_value()) << pushed.error().to_string();
    for (size_t i = 0; i < joined.size(); ++i) joined[i].append((*pushed)[i]);
  }
  const auto rest = stream.finish();
  EXPECT_TRUE(rest.has_value()) << rest.error().to_string();
  for (size_t i = 0; i < joined.size() && rest; ++i) joined[i].append((*rest)[i]);
  return joined;
}

inline std::vector<float> noise(int64_t count, uint32_t seed = 1) {
  Random random(seed);
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(random.uniform(-1, 1));
  return values;
}

// Within 1e-5 of the largest value.
inline void expect_close(const std::vector<float>& streamed, const std::vector<float>& whole,
                         const std::string& what, double tolerance = 1e-5) {
  ASSERT_EQ(streamed.size(), whole.size()) << what;
  double peak = 1e-3;
  for (float value : whole) peak = std::max(peak, std::abs(static_cast<double>(value)));
  for (size_t i = 0; i < whole.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(streamed[i]), static_cast<double>(whole[i]), tolerance * peak)
        << what << " at " << i;
  }
}

}  // namespace tessera::test
