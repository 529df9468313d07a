#include "graph/named_arrays.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/npz.h"

namespace tessera {
namespace {

constexpr std::string_view kCalibration = "calib_data";

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> without(std::span<const std::string> names,
                                 std::span<const std::string> others) {
  std::vector<std::string> rest;
  for (const std::string& name : names) {
    if (!contains(others, name)) rest.push_back(name);
  }
  return rest;
}

std::string listed(std::span<const std::string> names) {
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

Result<std::string> name_of_one(const std::string& subject, std::span<const std::string> names,
                                const std::string& input, const std::string& chosen,
                                const std::string& choosing) {
  if (!chosen.empty()) {
    if (contains(names, chosen)) return chosen;
    return TESSERA_ERROR(kInvalidArgument, subject,
                         fmt::format("holds no array '{}', but: {}", chosen, listed(names)),
                         "choose one of these");
  }
  if (contains(names, kCalibration)) return std::string(kCalibration);
  if (contains(names, input)) return input;
  if (names.size() == 1) return names[0];
  if (names.empty()) {
    return TESSERA_ERROR(kInvalidArgument, subject, "holds no array",
                         fmt::format("save one in it with numpy.savez(file, {}=windows)", input));
  }
  return TESSERA_ERROR(
      kInvalidArgument, subject,
      fmt::format("holds several arrays, none of them named {} or like the network's input '{}': "
                  "{}",
                  kCalibration, input, listed(names)),
      fmt::format("save the one that is meant as '{}'{}", input, choosing));
}

Result<void> check_names(const std::string& subject, std::span<const std::string> names,
                         std::span<const std::string> inputs) {
  const std::vector<std::string> missing = without(inputs, names);
  const std::vector<std::string> extra = without(names, inputs);
  if (missing.empty() && extra.empty()) return {};
  std::string message;
  if (!missing.empty()) message = fmt::format("lacks the network's inputs {}", listed(missing));
  if (!extra.empty()) {
    message += fmt::format("{}holds arrays that are no input: {}", missing.empty() ? "" : "; ",
                           listed(extra));
  }
  return TESSERA_ERROR(kInvalidArgument, subject, message,
                       fmt::format("the network's inputs are {}: save one array for each, by "
                                   "these names",
                                   listed(inputs)));
}

}  // namespace

Result<NamedArrays> read_named_arrays(const std::filesystem::path& path,
                                      std::span<const std::string> inputs,
                                      const std::string& chosen, const std::string& choosing) {
  TESSERA_TRY(const NpzFile file, NpzFile::open(path));
  NamedArrays named;
  if (inputs.size() == 1) {
    TESSERA_TRY(std::string name,
                name_of_one(path.string(), file.names(), inputs[0], chosen, choosing));
    named.names.push_back(std::move(name));
  } else {
    if (!chosen.empty()) {
      return TESSERA_ERROR(
          kInvalidArgument, path.string(),
          fmt::format("'{}' alone is no window of {} inputs", chosen, inputs.size()),
          fmt::format("the network's inputs are {}: their arrays have these names",
                      listed(inputs)));
    }
    TESSERA_TRY_VOID(check_names(path.string(), file.names(), inputs));
    named.names.assign(inputs.begin(), inputs.end());
  }
  for (const std::string& name : named.names) {
    TESSERA_TRY(NpyArray array, file.read(name));
    named.arrays.push_back(std::move(array));
  }
  named.left_aside = without(file.names(), named.names);
  return named;
}

}  // namespace tessera
