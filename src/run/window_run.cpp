#include "run/window_run.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/counted.h"
#include "tessera/backend.h"

namespace tessera {
namespace {

using Fitting = std::vector<std::optional<WindowReading>>;  // by input

// The likeliest reading of each array that has the frames of its input.
Fitting fitting_readings(std::span<const WindowArray> arrays, std::span<const IoLayout> inputs) {
  Fitting fitting(arrays.size());
  for (size_t i = 0; i < arrays.size(); ++i) {
    for (WindowReading& reading : readings_of(arrays[i].array.dims, inputs[i])) {
      if (reading.frames() != inputs[i].shape.w || fitting[i]) continue;
      fitting[i] = std::move(reading);
    }
  }
  return fitting;
}

std::optional<size_t> first_misfit(const Fitting& fitting) {
  for (size_t i = 0; i < fitting.size(); ++i) {
    if (!fitting[i]) return i;
  }
  return std::nullopt;
}

std::vector<WindowReading> all_of(Fitting fitting) {
  std::vector<WindowReading> readings;
  for (auto& reading : fitting) readings.push_back(std::move(*reading));
  return readings;
}

Error refused(const WindowArray& array, const IoLayout& input, bool any_frames, std::string hint) {
  return TESSERA_ERROR(kInvalidArgument, array.source,
                       misfit_text(array.array.dims, input, any_frames), std::move(hint));
}

// Another length than the one tried was what the array needed, or none would have done.
Error refused_length(const WindowArray& array, const ImportedModel& model, int64_t length,
                     Error error) {
  if (error.code != ErrorCode::kInvalidArgument) return error;
  const int64_t least = model.network->min_length();
  if (length < least) {
    return TESSERA_ERROR(
        kInvalidArgument, array.source,
        fmt::format("{} holds {}, the network takes at least {}", dims_to_string(array.array.dims),
                    counted(length, "frame"), least),
        "give longer windows");
  }
  error.subject = array.source;
  return error;
}

// Finds the length at which all arrays fit.
class LengthSearch {
 public:
  LengthSearch(std::span<const WindowArray> arrays, ImportedModel& model,
               const ModelAtLength& at_length)
      : arrays_(arrays), model_(model), at_length_(at_length) {}

  Result<std::vector<WindowReading>> run() {
    const std::vector<IoLayout> inputs = input_layouts(model_, model_.graph);
    Fitting fitting = fitting_readings(arrays_, inputs);
    const auto misfit = first_misfit(fitting);
    if (!misfit) return all_of(std::move(fitting));
    const WindowArray& array = arrays_[*misfit];
    const IoLayout& input = inputs[*misfit];
    const auto readings = readings_of(array.array.dims, input);
    const bool fixed = model_.network->length_is_fixed();
    if (readings.empty()) {
      return refused(array, input, !fixed && at_length_,
                     "dimensions of 1 may be added or left out, the others must agree");
    }
    if (fixed) {
      return refused(array, input, false,
                     "the model's file fixes its length: give windows of it, or export the model "
                     "with an open time dimension");
    }
    if (!at_length_) {
      return refused(
          array, input, false,
          fmt::format(
              "leave ImportOptions::length_samples out, or give ImportOptions::length_samples {}",
              readings.front().frames()));
    }
    return at_lengths_of(array, readings);
  }

 private:
  Result<std::vector<WindowReading>> at_lengths_of(const WindowArray& array,
                                                   std::span<const WindowReading> readings) {
    std::optional<Error> refusal;
    for (const WindowReading& reading : readings) {
      Result<ImportedModel> other = at_length_(reading.frames());
      if (!other) {
        if (!refusal) refusal = refused_length(array, model_, reading.frames(), other.error());
        continue;
      }
      const std::vector<IoLayout> inputs = input_layouts(*other, other->graph);
      Fitting fitting = fitting_readings(arrays_, inputs);
      const auto misfit = first_misfit(fitting);
      if (!misfit) {
        model_ = std::move(*other);
        return all_of(std::move(fitting));
      }
      if (!refusal) {
        refusal = refused(arrays_[*misfit], inputs[*misfit], false,
                          "give every input the length that belongs to the others'");
      }
    }
    return *refusal;
  }

  std::span<const WindowArray> arrays_;
  ImportedModel& model_;
  const ModelAtLength& at_length_;
};

// [1, C, T] for signals, [1, C] for vectors, [1, C, H, T] for several devices.
IoLayout layout_without_file(const Port& port) {
  IoLayout layout = plain_layout(port.name, port.shape);
  if (port.shape.w == 1 && port.shape.h == 1) layout.dims.pop_back();
  return layout;
}

}  // namespace

std::vector<IoLayout> input_layouts(const ImportedModel& model, const Graph& graph) {
  std::vector<IoLayout> layouts;
  const std::vector<Port> ports = signature_of(graph).inputs;
  for (size_t i = 0; i < ports.size(); ++i) {
    std::optional<IoLayout> in_file;
    if (i < model.inputs.size()) in_file = with_frames(model.inputs[i], ports[i].shape.w);
    layouts.push_back(in_file && in_file->shape == ports[i].shape
                          ? std::move(*in_file)
                          : plain_layout(ports[i].name, ports[i].shape));
    layouts.back().name = ports[i].name;
  }
  return layouts;
}

Result<WindowBatch> read_windows(std::vector<WindowArray> arrays, ImportedModel& model,
                                 const ModelAtLength& at_length) {
  const size_t inputs = model.graph.inputs().size();
  if (arrays.size() != inputs) {
    return TESSERA_ERROR(kInvalidArgument, "inputs",
                         fmt::format("{} given, the network has {}",
                                     counted(arrays.size(), "array"), counted(inputs, "input")),
                         "");
  }
  TESSERA_TRY(std::vector<WindowReading> readings, LengthSearch(arrays, model, at_length).run());
  return WindowBatch::create(std::move(arrays), std::move(readings));
}

Result<WindowOutputs> run_windows(Session& session, const WindowBatch& batch,
                                  const std::vector<IoLayout>& layouts,
                                  const WindowProgress& progress) {
  WindowOutputs run;
  std::vector<StackedOutput>& stacked = run.outputs;
  std::vector<IoLayout> each;
  for (size_t i = 0; i < session.signature().outputs.size(); ++i) {
    const Port& port = session.signature().outputs[i];
    each.push_back(i < layouts.size() ? layouts[i] : layout_without_file(port));
    stacked.push_back({port.name,
                       batch.stacked() ? stacked_dims(each[i], batch.windows()) : each[i].sizes(),
                       {}});
  }
  for (int64_t n = 0; n < batch.windows(); ++n) {
    TESSERA_TRY(const auto inputs, batch.window(n));
    session.reset();
    TESSERA_TRY(const auto outputs,
                session.run(std::vector<ConstValues>(inputs.begin(), inputs.end())));
    run.seconds += session.timing().run_seconds;
    for (size_t i = 0; i < outputs.size(); ++i) {
      std::vector<float>& values = stacked[i].values;
      const size_t begin = values.size();
      values.resize(begin + outputs[i].size());
      TESSERA_TRY_VOID(to_file_layout(each[i], outputs[i], std::span(values).subspan(begin)));
    }
    if (progress && !progress(n + 1, batch.windows())) {
      return TESSERA_ERROR(kCancelled, "run",
                           fmt::format("stopped after {} of {} windows", n + 1, batch.windows()),
                           "");
    }
  }
  return run;
}

}  // namespace tessera
