#include "cli/comparison_sides.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/input_arrays.h"
#include "cli/rewrite_signal.h"
#include "tessera/npy.h"
#include "tessera/signature.h"
#include "tessera/verify.h"

namespace tessera::cli {
namespace {

constexpr std::string_view kEmulator = "emulator";

Result<Side> open_side(const SideOptions& options, const std::vector<std::string>& model_args,
                       std::optional<int64_t> length, Console& console) {
  ModelOptions model;
  model.path = options.path;
  model.length_samples = length;
  if (!is_package(options.path)) model.model_args = model_args;
  Side side;
  TESSERA_TRY(side.given, load_runnable(model, ImportNotes::warnings, console));
  return side;
}

Result<void> choose_backend(Side& side, const SideOptions& options, int threads) {
  side.backend_name = options.backend;
  if (side.backend_name == "auto") side.backend_name = side.given.encodings ? kEmulator : "cpu";
  TESSERA_TRY(side.backend, open_backend({.name = side.backend_name, .threads = threads}));
  return {};
}

// The length that a signal of this many values has in this network.
Result<int64_t> frames_of(size_t values, const ImportedModel& model, const std::string& path) {
  const Shape& shape = model.graph.node(model.graph.inputs()[0]).shape;
  const auto size = static_cast<int64_t>(values);
  if (size > 0 && size % (shape.c * shape.h) == 0) return size / (shape.c * shape.h);
  return TESSERA_ERROR(
      kInvalidArgument, path,
      fmt::format("{} values do not fit the network's input {}", size, to_string(shape)),
      "give an array of the input's channels");
}

// The length to compare two networks at where the user names none: B's own, or A's where A accepts
// no other (its file fixes one).
int64_t common_length(const ImportedModel& a, const ImportedModel& b) {
  const bool only_its_own = !a.network->instantiate(b.length_samples).has_value() &&
                            b.network->instantiate(a.length_samples).has_value();
  return only_its_own ? a.length_samples : b.length_samples;
}

Result<void> reread(ImportedModel& model,
                    const std::function<Result<ImportedModel>(int64_t length)>& at_length,
                    int64_t length, const std::string& path) {
  Result<ImportedModel> read = at_length(length);
  if (!read) {
    Error error = std::move(read).error();
    if (error.code == ErrorCode::kInvalidArgument) error.subject = path;
    return error;
  }
  model = std::move(*read);
  return {};
}

}  // namespace

Result<std::vector<float>> read_network_input(
    const std::string& path, ImportedModel& model, const RecordingOptions& recordings,
    const std::function<Result<ImportedModel>(int64_t length)>& at_length, Console& console) {
  const bool is_array = std::filesystem::path(path).extension() == ".npy";
  NpyArray array;
  if (is_array) {
    TESSERA_TRY(array, read_npy(path));
  } else {
    TESSERA_TRY(array.values, read_signal(path, model, recordings, console));
  }
  TESSERA_TRY(const int64_t length, frames_of(array.values.size(), model, path));
  if (length != model.length_samples) TESSERA_TRY_VOID(reread(model, at_length, length, path));
  if (!is_array) return std::move(array.values);
  const Port port = signature_of(model.graph).inputs[0];
  return values_for(port, layout_of(model.inputs, 0), std::move(array), path, console);
}

ComparedNetwork Side::network() const {
  const bool integers = backend_name == kEmulator && given.encodings;
  return {graph(), *backend, integers ? &*given.encodings : nullptr};
}

Result<Sides> open_sides(const SideOptions& a, const SideOptions& b,
                         const std::vector<std::string>& model_args, const std::string& signal,
                         const RecordingOptions& recordings, std::optional<int64_t> length,
                         int threads, Console& console) {
  Sides sides;
  TESSERA_TRY(sides.b, open_side(b, model_args, length, console));
  if (signal.empty()) {
    TESSERA_TRY(sides.a, open_side(a, model_args, length, console));
    if (!length) length = common_length(sides.a.given.model, sides.b.given.model);
    if (sides.b.given.model.length_samples != *length) {
      TESSERA_TRY(sides.b, open_side(b, model_args, length, console));
    }
  } else {
    const auto at_length = [&](int64_t other) -> Result<ImportedModel> {
      TESSERA_TRY(sides.b, open_side(b, model_args, other, console));
      return sides.b.given.model;
    };
    ImportedModel model = sides.b.given.model;
    TESSERA_TRY(std::vector<float> values,
                read_network_input(signal, model, recordings, at_length, console));
    length = model.length_samples;
    sides.inputs.push_back(std::move(values));
  }
  if (sides.a.given.model.length_samples != *length || !sides.a.given.model.network) {
    TESSERA_TRY(sides.a, open_side(a, model_args, length, console));
  }
  if (sides.inputs.empty()) {
    console.note("compared on noise; --input takes what the network will hear");
    for (NodeId id : sides.a.graph().inputs())
      sides.inputs.push_back(verification_signal(sides.a.graph().node(id).shape));
  }
  TESSERA_TRY_VOID(choose_backend(sides.a, a, threads));
  TESSERA_TRY_VOID(choose_backend(sides.b, b, threads));
  return sides;
}

}  // namespace tessera::cli
