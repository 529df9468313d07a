// import_model: a file of a trained network in, a Graph out. The format is told by the file's
// content, not its name. Nothing in the file is ever executed; every size in it is checked before
// it is believed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// What stands in front of a network of motion sensors, and the names of what goes in and comes out.
struct SensorInput {
  // Stacked on H, each through the same network: the input is [C, devices, T]. 0: as the file has
  // them.
  int64_t devices = 0;
  // z-score before the network, (x - mean[c]) / deviation[c], one number a channel; empty: none.
  std::vector<float> mean = {};
  std::vector<float> deviation = {};
  std::vector<std::string> channels = {};  // names, in the network's order; empty: not known
  std::vector<std::string> classes = {};   // of a classifier's outputs; empty: not known
  int64_t frames = 0;                      // of a window, as it was trained; 0: not known

  bool empty() const { return *this == SensorInput{}; }
  friend bool operator==(const SensorInput&, const SensorInput&) = default;
};

// Of a JSON file as the recipes for sensor networks write them: {"normalization": {"mean": [...],
// "std": [...], "channel_order": [...]}, "classes": [...], "frames": 100}; what is missing is not
// known; fields of other names are left out. Errors: those of read_file(); kCorrupt, naming the
// field, for numbers that are none, a std that is not positive, lists of different lengths.
Result<SensorInput> read_sensor_input(const std::filesystem::path& path);

struct ImportOptions {
  // Input length in samples (frames for sensor networks). Default: the file's own where it fixes
  // one, else SensorInput::frames, else 4 s.
  std::optional<int64_t> length_samples;
  // Constructor arguments by Asteroid's names ("mask_act" = "relu"), as text. They override what
  // the file says, except where its weights prove them wrong.
  std::map<std::string, std::string> model_args;
  // For networks of motion sensors; what it states comes before what the file says.
  SensorInput sensor = {};
};

// A network read from a file, not yet bound to an input length. Graphs made from it share its
// weights.
class Network {
 public:
  virtual ~Network() = default;

  // Shortest input it accepts, in samples.
  virtual int64_t min_length() const = 0;
  // The file allows no length but its own.
  virtual bool length_is_fixed() const { return false; }
  // The graph for inputs of this length. Errors: kInvalidArgument (too short, or another length
  // than a file with a fixed one allows), kResourceLimit.
  virtual Result<Graph> instantiate(int64_t length_samples) const = 0;
};

struct ImportedModel {
  Graph graph;  // for the length asked for, in canonical order, at GraphForm::imported
  std::shared_ptr<const Network> network;
  int64_t length_samples = 0;
  std::optional<int> sample_rate;  // Hz, where the file tells or the user told
  int n_src = 0;                   // separated sources; 0: not a separator
  std::string
      family;  // "asteroid_convtasnet", "torchaudio_convtasnet", "speechbrain_convtasnet", "onnx"
  // How the file's own input and output dimensions lie over the graph's, for ONNX files; empty
  // where the file fixes no layout (checkpoints: inputs [1, T], outputs [1, sources, T]).
  std::vector<IoLayout> inputs;
  std::vector<IoLayout> outputs;
  SensorInput sensor;  // what the graph begins with, and names
  // Inputs that the file declares and nothing in it reads (lengths, masks): not in the graph.
  std::vector<std::string> unread_inputs;
  std::vector<Note> notes;
  std::map<std::string, std::string>
      metadata;  // dataset, task, license, versions: whatever the file tells
  // The model's own file: its name in the folder that was given, or that holds it.
  std::string file_name;
  // Files that were read beside it, by their names relative to its folder: external weights,
  // configuration, the other parts of a network in several files.
  std::vector<std::string> files_beside;
};

// A model file and those beside it, in memory, by their names relative to the model's folder.
using ModelFiles = std::map<std::string, std::vector<uint8_t>>;

// `path` may be a folder that holds a network in several files (SpeechBrain's encoder.ckpt,
// masknet.ckpt and decoder.ckpt). Errors: those of read_file; kUnsafe, kCorrupt, kUnsupported,
// kInvalidModel, kResourceLimit from the file's content (subject = "file" or "file: tensor or
// node"); kInvalidArgument for options.
Result<ImportedModel> import_model(const std::filesystem::path& path,
                                   const ImportOptions& options = {});

// The same for a model in memory: `name` is one of `files`; nothing is read from the disk.
Result<ImportedModel> import_model(std::shared_ptr<const ModelFiles> files, const std::string& name,
                                   const ImportOptions& options = {});

// 4 s at `sample_rate`, or at 8 kHz when it is unknown.
int64_t default_length_samples(std::optional<int> sample_rate);

// An operation of ONNX that is read, and what of it; no condition: all of it.
struct OnnxOperation {
  std::string_view family;
  std::string_view name;
  std::string_view condition;
};
std::vector<OnnxOperation> onnx_operations();
// The same as the table of docs/onnx.md.
std::string onnx_operations_markdown();

// The page docs/checkpoints.md, from the tables that the readers of checkpoints use.

std::string checkpoints_markdown();

}  // namespace tessera
