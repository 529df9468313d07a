#include "tessera/sensor_encoder.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/counted.h"
#include "graph/voices.h"
#include "pipeline/network_backends.h"
#include "tessera/separator.h"
#include "windows/rows.h"

namespace tessera {

struct SensorEncoder::State {
  std::string model;  // its path
  SensorEncoderOptions options;
  LoadedNetwork network;
  std::optional<NetworkBackends> backends;
  std::optional<Session> session;  // at the present length
  SensorShape input;
  Shape output;
  bool knows_frames = false;
  bool gives_probabilities = false;
  std::string hash;
  std::vector<Note> notes;
  std::vector<float> latent;  // [channels, devices, frames] of the last window

  Result<void> load();
  Result<void> take_shapes();
  Result<void> open_session();
  Result<void> check_finite_rows(std::span<const float> rows, const std::string& subject) const;
  Result<std::vector<float>> run(std::span<const float> window, const std::string& subject);
  Result<std::vector<Classification>> classes_of(std::span<const float> latents) const;
};

namespace {

// Whether `graph` ends in a softmax over all channels, of one output.
bool ends_in_softmax(const Graph& graph) {
  const auto* softmax = graph.get_if<Softmax>(graph.outputs()[0].node);
  if (softmax == nullptr) return false;
  const Shape& shape = graph.node(graph.outputs()[0].node).shape;
  return (softmax->over == SoftmaxOver::channel && softmax->sources == 1) ||
         (softmax->over == SoftmaxOver::source && softmax->sources == shape.c);
}

std::vector<float> softmax_of(std::span<const float> logits) {
  const double most = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  std::vector<double> terms;
  double sum = 0;
  for (float logit : logits) {
    terms.push_back(std::exp(static_cast<double>(logit) - most));
    sum += terms.back();
  }
  std::vector<float> probabilities;
  for (double term : terms) probabilities.push_back(static_cast<float>(term / sum));
  return probabilities;
}

}  // namespace

Result<void> SensorEncoder::State::load() {
  TESSERA_TRY(network, LoadedNetwork::open(model, options.import));
  const Graph& graph = network.model.graph;
  if (graph.inputs().size() != 1 || graph.outputs().size() != 1) {
    return TESSERA_ERROR(kInvalidArgument, model,
                         fmt::format("has {} and {}: a sensor network has one of each",
                                     counted(graph.inputs().size(), "input"),
                                     counted(graph.outputs().size(), "output")),
                         "use LoadedNetwork::session() for other networks");
  }
  if (network.model.n_src > 0) {
    return TESSERA_ERROR(kInvalidArgument, model, "separates voices: it is no network of sensors",
                         "use Separator");
  }
  if (network.package) hash = network.package->hash();
  knows_frames = network.package.has_value() || network.model.network->length_is_fixed() ||
                 network.model.sensor.frames > 0 || options.import.length_samples.has_value();
  notes = network.model.notes;
  TESSERA_TRY(backends,
              NetworkBackends::open(
                  network, {options.backend, options.host_backend, options.allow_fallback},
                  {.threads = options.threads, .memory_limit_bytes = options.memory_limit_bytes}));
  if (std::optional<Note> ignored = network.ignored_integers(backends->chip())) {
    ignored->text = fmt::format("{} {}", model, ignored->text);
    notes.push_back(std::move(*ignored));
  }
  return take_shapes();
}

Result<void> SensorEncoder::State::take_shapes() {
  const Graph& graph = network.model.graph;
  const Shape& in = graph.node(graph.inputs()[0]).shape;
  input = {in.c, in.h, in.w};
  output = graph.node(graph.outputs()[0].node).shape;
  if (output.h != in.h) {
    return TESSERA_ERROR(kInvalidArgument, model,
                         fmt::format("takes {}, and gives {}: not a result for each device",
                                     to_string(in), to_string(output)),
                         "use LoadedNetwork::session() for such networks");
  }
  gives_probabilities = ends_in_softmax(graph);
  const std::vector<std::string>& classes = network.model.sensor.classes;
  if (!classes.empty() && static_cast<int64_t>(classes.size()) != output.c) {
    return TESSERA_ERROR(
        kInvalidArgument, "SensorInput::classes",
        fmt::format("names {}, the network gives {}", classes.size(), counted(output.c, "channel")),
        "name each class once");
  }
  return {};
}

Result<void> SensorEncoder::State::open_session() {
  if (session) return {};
  TESSERA_TRY(session, network.session(backends->devices(), EncodingsUse::ignore));
  return {};
}

Result<void> SensorEncoder::State::check_finite_rows(std::span<const float> rows,
                                                     const std::string& subject) const {
  const auto width = static_cast<size_t>(input.channels * input.devices);
  const auto wrong =
      std::find_if(rows.begin(), rows.end(), [](float x) { return !std::isfinite(x); });
  if (wrong == rows.end()) return {};
  const auto index = static_cast<size_t>(wrong - rows.begin());
  return TESSERA_ERROR(kInvalidArgument, subject,
                       fmt::format("row {}, column {}: {} is no finite number", index / width + 1,
                                   index % width + 1, *wrong),
                       "mend the recording, or leave this part of it out");
}

Result<std::vector<float>> SensorEncoder::State::run(std::span<const float> window,
                                                     const std::string& subject) {
  if (static_cast<int64_t>(window.size()) != input.values()) {
    return TESSERA_ERROR(
        kInvalidArgument, subject,
        fmt::format("holds {}, the network takes [{}, {}, {}] (channels, devices, frames)",
                    counted(window.size(), "value"), input.channels, input.devices, input.frames),
        "give one window");
  }
  TESSERA_TRY_VOID(open_session());
  session->reset();
  latent.resize(static_cast<size_t>(output.size()));
  const ConstValues values = window;
  const Values target = latent;
  TESSERA_TRY_VOID(session->run(std::span(&values, 1), std::span(&target, 1)));
  std::vector<float> by_device;
  by_device.reserve(latent.size());
  for (int64_t h = 0; h < output.h; ++h) {
    for (int64_t c = 0; c < output.c; ++c) {
      const auto begin = latent.begin() + (c * output.h + h) * output.w;
      by_device.insert(by_device.end(), begin, begin + output.w);
    }
  }
  return by_device;
}

Result<std::vector<Classification>> SensorEncoder::State::classes_of(
    std::span<const float> latents) const {
  if (output.w != 1) {
    return TESSERA_ERROR(kInvalidArgument, model,
                         fmt::format("gives {} frames over time, a classifier gives one", output.w),
                         "use SensorEncoder::encode()");
  }
  std::vector<Classification> classes;
  const auto count = static_cast<size_t>(output.c);
  for (int64_t h = 0; h < output.h; ++h) {
    const auto own = latents.subspan(static_cast<size_t>(h) * count, count);
    Classification result;
    result.best = std::max_element(own.begin(), own.end()) - own.begin();
    const auto& names = network.model.sensor.classes;
    result.label =
        names.empty() ? std::to_string(result.best) : names[static_cast<size_t>(result.best)];
    result.probabilities =
        gives_probabilities ? std::vector<float>(own.begin(), own.end()) : softmax_of(own);
    classes.push_back(std::move(result));
  }
  return classes;
}

SensorEncoder::SensorEncoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
SensorEncoder::SensorEncoder(SensorEncoder&&) noexcept = default;
SensorEncoder& SensorEncoder::operator=(SensorEncoder&&) noexcept = default;
SensorEncoder::~SensorEncoder() = default;

Result<SensorEncoder> SensorEncoder::open(const std::filesystem::path& path,
                                          SensorEncoderOptions options) {
  auto state = std::make_unique<State>();
  state->model = path.string();
  state->options = std::move(options);
  TESSERA_TRY_VOID(state->load());
  return SensorEncoder(std::move(state));
}

const SensorShape& SensorEncoder::input() const {
  return state_->input;
}

int64_t SensorEncoder::latent_size() const {
  return state_->output.c * state_->output.w;
}

const SensorInput& SensorEncoder::sensor() const {
  return state_->network.model.sensor;
}

bool SensorEncoder::knows_frames() const {
  return state_->knows_frames;
}

Result<void> SensorEncoder::set_frames(int64_t frames) {
  if (frames == state_->input.frames) return {};
  state_->session.reset();
  TESSERA_TRY_VOID(state_->network.set_length(frames));
  return state_->take_shapes();
}

Result<std::vector<float>> SensorEncoder::encode(std::span<const float> rows,
                                                 const std::string& subject) {
  const SensorShape& shape = state_->input;
  if (static_cast<int64_t>(rows.size()) != shape.values()) {
    return TESSERA_ERROR(
        kInvalidArgument, subject,
        fmt::format("holds {}, the network takes {} of {}", counted(rows.size(), "value"),
                    counted(shape.frames, "row"), shape.channels * shape.devices),
        "give one window");
  }
  TESSERA_TRY_VOID(state_->check_finite_rows(rows, subject));
  return state_->run(window_from_rows(rows, shape.channels, shape.devices, shape.frames), subject);
}

Result<std::vector<float>> SensorEncoder::encode_window(std::span<const float> window,
                                                        const std::string& subject) {
  if (!std::all_of(window.begin(), window.end(), [](float x) { return std::isfinite(x); })) {
    return TESSERA_ERROR(kInvalidArgument, subject, "holds NaN or infinity",
                         "mend the recording, or leave this part of it out");
  }
  return state_->run(window, subject);
}

Result<std::vector<Classification>> SensorEncoder::classify(std::span<const float> rows,
                                                            const std::string& subject) {
  TESSERA_TRY(const std::vector<float> latents, encode(rows, subject));
  return state_->classes_of(latents);
}

Result<std::vector<Classification>> SensorEncoder::classify_window(std::span<const float> window,
                                                                   const std::string& subject) {
  TESSERA_TRY(const std::vector<float> latents, encode_window(window, subject));
  return state_->classes_of(latents);
}

WindowFileOptions SensorEncoder::window_options() const {
  WindowFileOptions options;
  options.channels = state_->input.channels;
  options.devices = state_->input.devices;
  options.frames = state_->knows_frames ? state_->input.frames : 0;
  options.channel_names = sensor().channels;
  return options;
}

std::string_view SensorEncoder::backend() const {
  return state_->backends->chip_name();
}

Arithmetic SensorEncoder::arithmetic() const {
  return state_->backends->chip().arithmetic();
}

const std::string& SensorEncoder::package_hash() const {
  return state_->hash;
}

std::span<const Note> SensorEncoder::notes() const {
  return state_->notes;
}

double SensorEncoder::run_seconds() const {
  return state_->session ? state_->session->timing().run_seconds : 0;
}

}  // namespace tessera
