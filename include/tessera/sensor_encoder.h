// SensorEncoder: windows of motion sensors in, latents or classes out.
//
//   TESSERA_TRY(auto encoder, SensorEncoder::open("encoder.tess"));
//   TESSERA_TRY(auto latent, encoder.encode(rows));          // 100 rows x 9 channels
//   TESSERA_TRY(auto classes, encoder.classify(rows));
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/import.h"
#include "tessera/result.h"
#include "tessera/sensor_windows.h"
#include "tessera/session.h"

namespace tessera {

struct SensorEncoderOptions {
  // Of a model file; a package has its own model_args and sensor.
  ImportOptions import = {};
  // As SeparatorOptions has them.
  std::string backend = {};
  std::string host_backend = {};
  bool allow_fallback = false;
  int threads = 0;
  int64_t memory_limit_bytes = 0;
};

// What a network takes.
struct SensorShape {
  int64_t channels = 0;
  int64_t devices = 1;
  int64_t frames = 0;

  int64_t values() const { return channels * devices * frames; }
};

struct Classification {
  int64_t best = 0;                  // index of the most probable class
  std::string label;                 // its name; the index where classes have no names
  std::vector<float> probabilities;  // sum 1
};

// A network ready for one window after another. One thread at a time may use it; several of one
// file share nothing but its bytes on the disk.
class SensorEncoder {
 public:
  // Errors: those of LoadedNetwork::open() and make_backend(); kInvalidArgument for a network of
  // several inputs or outputs, and for a separator.
  static Result<SensorEncoder> open(const std::filesystem::path& path,
                                    SensorEncoderOptions options = {});

  SensorEncoder(SensorEncoder&&) noexcept;
  SensorEncoder& operator=(SensorEncoder&&) noexcept;
  ~SensorEncoder();

  // At the present length.
  const SensorShape& input() const;
  // Values of the network's output for each device: channels x frames (1 after pooling).
  int64_t latent_size() const;
  // Names of channels and classes, z-score: what is in front of the network and is part of
  // encode().
  const SensorInput& sensor() const;
  // The length was told by the file, the package or the options; else set_frames() chooses.
  bool knows_frames() const;
  // Errors: those of LoadedNetwork::set_length().
  Result<void> set_frames(int64_t frames);

  // `rows`: frames x (devices x channels) raw values, row after row, as the sensors gave them; the
  // z-score is applied here. Returns devices x latent_size(). `subject` names the window in errors.
  // Errors: kInvalidArgument for another number of values, and for NaN and infinity, naming row and
  // column; those of Session::run().
  Result<std::vector<float>> encode(std::span<const float> rows,
                                    const std::string& subject = "window");
  // The same of a window [channels, devices, frames].
  Result<std::vector<float>> encode_window(std::span<const float> window,
                                           const std::string& subject = "window");

  // encode() as classes, one result for each device: probabilities are the network's own where it
  // ends in a softmax over channels, else the softmax of its outputs (logits). Errors: those of
  // encode(); kInvalidArgument for a network whose outputs are frames over time.
  Result<std::vector<Classification>> classify(std::span<const float> rows,
                                               const std::string& subject = "window");
  Result<std::vector<Classification>> classify_window(std::span<const float> window,
                                                      const std::string& subject = "window");

  // How to read files for it.
  WindowFileOptions window_options() const;

  std::string_view backend() const;
  Arithmetic arithmetic() const;
  const std::string& package_hash() const;  // empty for a model file
  std::span<const Note> notes() const;
  double run_seconds() const;  // of the last window

 private:
  struct State;
  explicit SensorEncoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tessera
