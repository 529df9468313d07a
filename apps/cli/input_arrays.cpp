#include "cli/input_arrays.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "cli/rewrite_signal.h"
#include "graph/named_arrays.h"

namespace tessera::cli {
namespace {

bool has_extension(const std::string& path, std::string_view extension) {
  return std::filesystem::path(path).extension() == extension;
}

std::vector<std::string> names_of(const std::vector<Port>& ports) {
  std::vector<std::string> names;
  for (const Port& port : ports) names.push_back(port.name);
  return names;
}

// Arrays of one archive, in the order of `inputs`.
Result<std::vector<WindowArray>> read_archive(const std::string& path,
                                              const std::vector<std::string>& inputs) {
  TESSERA_TRY(NamedArrays named, read_named_arrays(path, inputs));
  std::vector<WindowArray> arrays;
  for (size_t i = 0; i < named.arrays.size(); ++i)
    arrays.push_back({fmt::format("{}: {}", path, named.names[i]), std::move(named.arrays[i])});
  return arrays;
}

Result<WindowArray> read_sensor_windows(const std::string& path, const ImportedModel& model,
                                        size_t input, const WindowChoice& windows,
                                        Console& console) {
  const std::vector<IoLayout> layouts = input_layouts(model, model.graph);
  std::vector<Note> notes;
  TESSERA_TRY(WindowArray array, read_window_array(path, model, layouts[input], windows, notes));
  for (const Note& note : notes) console.note(note.text);
  return array;
}

}  // namespace

Result<std::vector<std::string>> assign_files(const std::vector<std::string>& words,
                                              const std::vector<Port>& ports,
                                              const std::string& option) {
  std::vector<std::string> files(ports.size());
  for (const std::string& word : words) {
    size_t at = 0;
    std::string path = word;
    while (at < ports.size() && !word.starts_with(ports[at].name + "=")) ++at;
    if (at < ports.size()) {
      path = word.substr(ports[at].name.size() + 1);
    } else if (ports.size() == 1) {
      at = 0;
    } else {
      return TESSERA_ERROR(kInvalidArgument, option,
                           fmt::format("'{}' names none of the network's ports", word),
                           fmt::format("write {} NAME=FILE with NAME one of: {}", option,
                                       fmt::join(names_of(ports), ", ")));
    }
    if (!files[at].empty()) {
      return TESSERA_ERROR(kInvalidArgument, option,
                           fmt::format("'{}' is given twice", ports[at].name),
                           "give one file for each");
    }
    files[at] = path;
  }
  return files;
}

Result<std::vector<WindowArray>> read_input_arrays(const std::vector<std::string>& words,
                                                   const ImportedModel& model,
                                                   const WindowChoice& windows, Console& console) {
  const std::vector<Port> inputs = signature_of(model.graph).inputs;
  const bool one_archive =
      inputs.size() > 1 && words.size() == 1 && has_extension(words[0], ".npz");
  if (one_archive && std::filesystem::exists(words[0]))
    return read_archive(words[0], names_of(inputs));
  TESSERA_TRY(const auto files, assign_files(words, inputs, "--input"));
  std::vector<WindowArray> arrays;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (files[i].empty()) {
      return TESSERA_ERROR(kInvalidArgument, "--input",
                           fmt::format("the network's input '{}' is not given", inputs[i].name),
                           "add --input NAME=FILE for it");
    }
    if (has_extension(files[i], ".npz")) {
      TESSERA_TRY(std::vector<WindowArray> one, read_archive(files[i], {inputs[i].name}));
      arrays.push_back(std::move(one[0]));
    } else if (is_window_file(files[i])) {
      TESSERA_TRY(WindowArray array, read_sensor_windows(files[i], model, i, windows, console));
      arrays.push_back(std::move(array));
    } else {
      TESSERA_TRY(NpyArray array, read_npy(files[i]));
      arrays.push_back({files[i], std::move(array)});
    }
  }
  return arrays;
}

Result<std::vector<std::vector<std::vector<float>>>> read_network_windows(
    const std::string& path, ImportedModel& model, const RecordingOptions& recordings,
    const ModelAtLength& at_length, const WindowChoice& windows, int64_t most, Console& console) {
  const std::vector<Port> ports = signature_of(model.graph).inputs;
  std::vector<WindowArray> arrays;
  if (has_extension(path, ".npz")) {
    TESSERA_TRY(arrays, read_archive(path, names_of(ports)));
  } else if (ports.size() > 1) {
    return TESSERA_ERROR(kInvalidArgument, path,
                         fmt::format("is for one input, the network has {}: {}", ports.size(),
                                     fmt::join(names_of(ports), ", ")),
                         "give an .npz with an array for each of these names");
  } else if (has_extension(path, ".npy")) {
    TESSERA_TRY(NpyArray array, read_npy(path));
    arrays.push_back({path, std::move(array)});
  } else if (is_window_file(path)) {
    TESSERA_TRY(WindowArray array, read_sensor_windows(path, model, 0, windows, console));
    arrays.push_back(std::move(array));
  } else {
    TESSERA_TRY(std::vector<float> samples, read_signal(path, model, recordings, console));
    NpyArray wave{{static_cast<int64_t>(samples.size())}, std::move(samples), "<f4"};
    arrays.push_back({path, std::move(wave)});
  }
  TESSERA_TRY(const WindowBatch batch, read_windows(std::move(arrays), model, at_length));
  for (const Note& note : batch.notes()) console.note(note.text);
  const int64_t taken = std::min(most, batch.windows());
  if (taken < batch.windows()) {
    console.note(taken == 1 ? fmt::format("{}: the first of {} windows", path, batch.windows())
                            : fmt::format("{}: {} of {} windows", path, taken, batch.windows()));
  }
  std::vector<std::vector<std::vector<float>>> chosen;
  for (int64_t n = 0; n < taken; ++n) {
    TESSERA_TRY(auto window, batch.window(n * batch.windows() / taken));
    chosen.push_back(std::move(window));
  }
  return chosen;
}

Result<std::vector<std::vector<float>>> read_network_inputs(
    const std::string& path, ImportedModel& model, const RecordingOptions& recordings,
    const ModelAtLength& at_length, const WindowChoice& windows, Console& console) {
  TESSERA_TRY(auto one,
              read_network_windows(path, model, recordings, at_length, windows, 1, console));
  return std::move(one[0]);
}

}  // namespace tessera::cli
