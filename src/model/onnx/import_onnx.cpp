#include "model/onnx/import_onnx.h"

#include <algorithm>
#include <charconv>
#include <mutex>

#include <fmt/format.h>

#include "base/counted.h"
#include "graph/canonical.h"
#include "graph/voices.h"
#include "model/onnx/model_file.h"
#include "model/onnx/printable.h"
#include "model/onnx/proto.h"
#include "model/onnx/reader.h"
#include "model/recognise/recognise.h"

namespace tessera {
namespace {

using onnx_import::ModelFile;
using onnx_import::ReadOptions;
using onnx_import::ReadResult;

// Reads, recognises, orders, verifies.
Result<ReadResult> read_network(ModelFile& file, const ReadOptions& options) {
  TESSERA_TRY(ReadResult result, onnx_import::read_graph(file, options));
  GraphEditor editor(result.graph, "import");
  editor.remove_dead();
  TESSERA_TRY_VOID(validate(result.graph, GraphForm::importing));
  TESSERA_TRY_VOID(recognise(result.graph));
  TESSERA_TRY(result.graph, canonical_order(result.graph));
  GraphEditor finished(result.graph, "import");
  TESSERA_TRY_VOID(finished.enter(GraphForm::imported));
  return result;
}

// The parsed file stays, so that another length costs no second parse and shares the weights.
class OnnxNetwork final : public Network {
 public:
  OnnxNetwork(std::shared_ptr<ModelFile> file, int64_t known_length, bool length_is_fixed)
      : file_(std::move(file)), known_length_(known_length), length_is_fixed_(length_is_fixed) {}

  bool length_is_fixed() const override { return length_is_fixed_; }

  int64_t min_length() const override {
    const std::lock_guard lock(mutex_);
    if (min_length_ > 0) return min_length_;
    if (length_is_fixed_) return known_length_;
    int64_t low = 0;  // fails
    int64_t high = known_length_;
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      (onnx_import::read_graph(*file_, {middle, middle}) ? high : low) = middle;
    }
    min_length_ = high;
    return min_length_;
  }

  Result<Graph> instantiate(int64_t length_samples) const override {
    const std::lock_guard lock(mutex_);
    TESSERA_TRY(ReadResult result, read_network(*file_, {length_samples, length_samples}));
    return std::move(result.graph);
  }

 private:
  std::shared_ptr<ModelFile> file_;
  int64_t known_length_;
  bool length_is_fixed_;
  mutable std::mutex mutex_;  // the file caches weights as they are first read
  mutable int64_t min_length_ = 0;
};

// Sources of a separator: one wave in, waves of the same length out.
int source_count(const Graph& graph) {
  const Result<VoiceLayout> voices = voice_layout(graph);
  if (!voices || voices->samples != graph.node(graph.inputs()[0]).shape.w) return 0;
  return voices->count;
}

// A norm without eps divides by 0 on silence. PyTorch's current exporter drops eps below about
// 1e-6.
void note_missing_eps(const Graph& graph, std::vector<Note>& notes) {
  int64_t count = 0;
  for (NodeId id : graph.order()) {
    const auto* norm = graph.get_if<Norm>(id);
    if (norm && norm->eps == 0) ++count;
  }
  if (count == 0) return;
  notes.push_back({NoteSeverity::warning,
                   fmt::format("{} {} eps = 0 in the file (PyTorch's dynamo exporter drops small "
                               "eps): silent input gives NaN",
                               counted(count, "norm"), noun_for(count, "has", "have"))});
}

std::optional<int> stated_sample_rate(const std::map<std::string, std::string>& texts) {
  const auto found = texts.find("sample_rate");
  if (found == texts.end()) return std::nullopt;
  int rate = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [at, error] = std::from_chars(found->second.data(), end, rate);
  if (error != std::errc() || at != end || rate < 1 || rate > 10'000'000) return std::nullopt;
  return rate;
}

Result<void> take_options(const ImportOptions& options, ImportedModel& model) {
  for (const auto& [name, value] : options.model_args) {
    if (name == "sample_rate") {
      model.sample_rate = stated_sample_rate({{name, value}});
      if (!model.sample_rate) {
        return TESSERA_ERROR(kInvalidArgument, "sample_rate",
                             fmt::format("'{}' is no sample rate in Hz", value), "");
      }
      continue;
    }
    model.notes.push_back(
        {NoteSeverity::warning,
         fmt::format("model argument {} is not used: an ONNX file says all but its sample rate",
                     name)});
  }
  return {};
}

}  // namespace

bool recognises_onnx(const SourceFile& file) {
  // ModelProto begins with field 1, ir_version (a varint below 128), or with its graph or producer.
  const auto& b = file.bytes;
  if (file.path.extension() == ".onnx") return true;
  return b.size() > 4 && b[0] == 0x08 && b[1] > 0 && b[1] < 64 && (b[2] == 0x12 || b[2] == 0x3A);
}

Result<ImportedModel> import_onnx(const SourceFile& source, const ImportOptions& options) {
  std::filesystem::path folder = source.path.parent_path();
  if (folder.empty()) folder = ".";
  TESSERA_TRY(std::shared_ptr<ModelFile> file,
              ModelFile::parse(source.bytes, "", folder, source.memory));
  ImportedModel model;
  model.family = "onnx";
  const auto& proto = file->proto();
  for (const auto& entry : proto.metadata_props())
    model.metadata[onnx_import::printable(entry.key())] = onnx_import::printable(entry.value());
  if (!proto.producer_name().empty())
    model.metadata["producer"] = onnx_import::printable(
        fmt::format("{} {}", proto.producer_name(), proto.producer_version()));
  model.sample_rate = stated_sample_rate(model.metadata);
  TESSERA_TRY_VOID(take_options(options, model));

  ReadOptions read{options.length_samples, default_length_samples(model.sample_rate)};
  TESSERA_TRY(ReadResult result, read_network(*file, read));
  for (std::string& text : result.notes)
    model.notes.push_back({NoteSeverity::info, std::move(text)});
  if (file->rounded_doubles() > 0) {
    model.notes.push_back(
        {NoteSeverity::info, fmt::format("{} in double precision {} rounded to float32",
                                         counted(file->rounded_doubles(), "weight"),
                                         noun_for(file->rounded_doubles(), "was", "were"))});
  }
  model.files_beside.assign(file->external_files().begin(), file->external_files().end());
  note_missing_eps(result.graph, model.notes);
  model.graph = std::move(result.graph);
  model.inputs = std::move(result.inputs);
  model.outputs = std::move(result.outputs);
  model.unread_inputs = std::move(result.unread_inputs);
  model.n_src = source_count(model.graph);
  model.length_samples = model.inputs[result.leading_input].shape.w;
  model.network =
      std::make_shared<OnnxNetwork>(std::move(file), model.length_samples, result.length_is_fixed);
  return model;
}

}  // namespace tessera
