// A sweep of seeded networks, run on a real one instead.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "sweep/definition.h"
#include "sweep/seeded_builder.h"

namespace tessera {
namespace {

// The part of a real network that stands for a kind of seeded one.
struct PartOfKind {
  std::string_view kind;
  std::string_view part;
};
constexpr PartOfKind kParts[] = {
    {"conv_tasnet", "whole"},  {"encoder", "encoder"}, {"masker", "masker"},
    {"tdconvnet", "masker"},   {"decoder", "decoder"}, {"decoder_chain", "decoder"},
    {"conv1d_block", "block"},
};

// The case's question asked of the model; nothing where it has no such part.
std::optional<Parameters> asked_of(const Parameters& seeded, const std::string& model) {
  const auto* found =
      std::find_if(std::begin(kParts), std::end(kParts),
                   [&](const PartOfKind& one) { return one.kind == seeded.word("network", ""); });
  if (found == std::end(kParts)) return std::nullopt;
  // Forms that seeded networks have and this one has not.
  if (seeded.word("mask", "normal") != "normal" || seeded.has("skip") || seeded.has("decoder"))
    return std::nullopt;
  Parameters made;
  made.set("model", model);
  made.set("part", std::string(found->part));
  if (found->part == "block") made.set("block", int64_t{0});
  if (found->part == "whole" && seeded.count("truncate_k", 0) > 0) {
    made.set("part", std::string("prefix"));
    made.set("depth", seeded.count("truncate_k", 0));
  }
  // As many samples as give the frames that the case asks for, where it names frames.
  const SeededSizes sizes(seeded);
  const bool has_encoder = found->part == "whole" || found->part == "encoder";
  made.set("length", has_encoder ? sizes.samples : (sizes.width - 1) * sizes.stride + sizes.kernel);
  for (const char* name : {"tile", "calib_npz", "calib_chan", "calib_len", "calib_samples",
                           "length_policy", "series"}) {
    if (const ParameterValue* value = seeded.find(name)) made.set(name, *value);
  }
  return made;
}

// What is asked, since the case's own name speaks of sizes that the model does not have:
// "masker_16008_tile256".
std::string name_of(const Parameters& parameters) {
  std::string name = parameters.word("part", "");
  if (name == "block") name += fmt::to_string(parameters.count("block", 0));
  if (name == "prefix") name += fmt::to_string(parameters.count("depth", 0));
  name += fmt::format("_{}", parameters.count("length", 0));
  if (parameters.has("tile")) name += fmt::format("_tile{}", parameters.count("tile", 0));
  return name;
}

}  // namespace

Result<SweepDefinition> SweepDefinition::on_model(const std::filesystem::path& model) const {
  const std::string path = model.string();
  if (path.find_first_of("\t\n\r") != std::string::npos)
    return TESSERA_ERROR(kInvalidArgument, path, "has a tab or a line end in its name",
                         "rename the file");
  SweepDefinition made = *this;
  made.cases.clear();
  for (const SweepCase& one : cases) {
    auto parameters = asked_of(one.parameters, path);
    if (!parameters) continue;
    const std::string asked = name_of(*parameters);
    const bool again = std::any_of(made.cases.begin(), made.cases.end(),
                                   [&](const SweepCase& other) { return other.name == asked; });
    if (again) continue;
    made.cases.push_back(one);
    made.cases.back().name = asked;
    made.cases.back().parameters = std::move(*parameters);
  }
  if (made.cases.empty()) {
    return TESSERA_ERROR(kUnsupported, name, "no case of it can be asked of a real network",
                         "whole networks, encoders, maskers, decoders and blocks can; write a "
                         "definition with \"model\" for others");
  }
  return made;
}

}  // namespace tessera
