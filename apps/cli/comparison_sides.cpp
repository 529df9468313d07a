#include "cli/comparison_sides.h"

#include <fmt/format.h>

#include "cli/input_arrays.h"
#include "tessera/compiler/verify.h"

namespace tessera::cli {
namespace {

Result<Side> open_side(const SideOptions& options, const std::vector<std::string>& model_args,
                       std::optional<int64_t> length, Console& console) {
  ModelOptions model;
  model.path = options.path;
  model.length_samples = length;
  if (!is_package(options.path)) model.model_args = model_args;
  Side side;
  TESSERA_TRY(side.given, load_network(model, ImportNotes::warnings, console));
  return side;
}

// The length to compare two networks at where the user names none: B's own, or A's where A accepts
// no other (its file fixes one).
int64_t common_length(const ImportedModel& a, const ImportedModel& b) {
  const bool only_its_own = !a.network->instantiate(b.length_samples).has_value() &&
                            b.network->instantiate(a.length_samples).has_value();
  return only_its_own ? a.length_samples : b.length_samples;
}

}  // namespace

ComparedNetwork Side::network() const {
  const bool integers = by.backend->arithmetic() == Arithmetic::integer && given.encodings;
  return {graph(), *by.backend, integers ? &*given.encodings : nullptr};
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
    TESSERA_TRY(sides.inputs, read_network_inputs(signal, model, recordings, at_length, console));
    length = model.length_samples;
  }
  if (sides.a.given.model.length_samples != *length || !sides.a.given.model.network) {
    TESSERA_TRY(sides.a, open_side(a, model_args, length, console));
  }
  if (sides.inputs.empty()) {
    console.note("compared on noise; --input takes what the network will hear");
    for (NodeId id : sides.a.graph().inputs())
      sides.inputs.push_back(verification_signal(sides.a.graph().node(id).shape));
  }
  TESSERA_TRY(sides.a.by,
              open_network_backend({a.backend, threads}, sides.a.given, a.path, console));
  TESSERA_TRY(sides.b.by,
              open_network_backend({b.backend, threads}, sides.b.given, b.path, console));
  return sides;
}

}  // namespace tessera::cli
