// Every network file below tests/data through every stage: each cell works, or is refused by name
// with a next step. known_refusals.tsv lists the refusals; a new one fails here, and so does a row
// that is no longer true.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/random_values.h"
#include "tessera/backend.h"
#include "tessera/build.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/target.h"
#include "tessera/compiler/verify.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const fs::path kData = TESSERA_SOURCE_DIR "/tests/data";
const fs::path kKnown = TESSERA_SOURCE_DIR "/tests/stages/known_refusals.tsv";
const fs::path kTarget = TESSERA_SOURCE_DIR "/targets/hailo8.toml";

// Networks of open length get a short one: what is tested is whether, not how well.
constexpr int64_t kShortLength = 640;
constexpr int64_t kWindows = 4;
// Random weights leave little of a signal in 8 bits; a value from another place leaves nothing.
constexpr double kMinSnrDb = 5;
// ctest runs these side by side.
constexpr int kShards = 8;

constexpr std::array<std::string_view, 6> kExtensions{".onnx", ".pth", ".pt",
                                                      ".ckpt", ".tar", ".safetensors"};

std::vector<fs::path> network_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(kData)) {
    const std::string extension = entry.path().extension().string();
    const bool known =
        std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
    if (known && entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string name_of(const fs::path& file) {
  return fs::relative(file, kData).generic_string();
}

// network and stage -> error code.
using Refusals = std::map<std::pair<std::string, std::string>, std::string>;

Refusals known_refusals() {
  Refusals known;
  std::ifstream file(kKnown);
  EXPECT_TRUE(file.good()) << kKnown;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream fields(line);
    std::string network;
    std::string stage;
    std::string code;
    EXPECT_TRUE(static_cast<bool>(fields >> network >> stage >> code)) << line;
    known[{network, stage}] = code;
  }
  return known;
}

// One network through the stages; a refused stage leaves out those that need what it would make.
class Row {
 public:
  Row(fs::path file, const Refusals& known) : file_(std::move(file)), known_(known) {}

  void run() {
    Result<ImportedModel> model = import_short();
    if (!cell("import", model)) return;
    export_and_import(*model);
    const Target target = read_target(kTarget).value();
    EXPECT_NO_FATAL_FAILURE(check(model->graph, target)) << name_of(file_);
    Graph legal = model->graph;
    Result<RewriteLog> log = rewrite(legal);
    if (!cell("rewrite", log)) return;
    EXPECT_EQ(log->not_legal, "") << name_of(file_);
    if (!cell("plan", make_plan(legal, target))) return;
    build_and_verify(*model, false);
    build_and_verify(*model, true);
  }

 private:
  // Whether the stage worked. A refusal must be one that is known, and say what to do.
  template <typename T>
  bool cell(const std::string& stage, const Result<T>& result) {
    const std::string name = name_of(file_);
    const auto row = known_.find({name, stage});
    if (result) {
      EXPECT_EQ(row, known_.end())
          << name << ": " << stage << " works now: take its row out of " << kKnown.filename();
      return true;
    }
    const Error& error = result.error();
    const std::string code(to_string(error.code));
    EXPECT_FALSE(error.subject.empty()) << name << ": " << stage << ": " << error.to_string();
    EXPECT_FALSE(error.message.empty()) << name << ": " << stage << ": " << error.to_string();
    EXPECT_FALSE(error.hint.empty()) << name << ": " << stage << ": " << error.to_string();
    if (row == known_.end()) {
      ADD_FAILURE() << name << '\t' << stage << '\t' << code << "\nis new: " << error.to_string();
    } else {
      EXPECT_EQ(row->second, code) << name << ": " << stage << ": " << error.to_string();
    }
    return false;
  }

  Result<ImportedModel> import_short() {
    options_.length_samples = kShortLength;
    Result<ImportedModel> model = import_model(file_, options_);
    if (model || model.error().code != ErrorCode::kInvalidArgument) return model;
    options_ = {};  // the file has a length of its own
    return import_model(file_, options_);
  }

  void export_and_import(const ImportedModel& model) {
    const auto bytes = export_onnx(
        model.graph, {.inputs = model.inputs, .outputs = model.outputs, .metadata = {}});
    if (!cell("export", bytes)) return;
    const auto files = std::make_shared<ModelFiles>();
    (*files)["net.onnx"] = *bytes;
    cell("reimport", import_model(files, "net.onnx"));
  }

  // Windows of all inputs, in a file as `tessera calibrate` writes it.
  static fs::path calibration(const ImportedModel& model, const fs::path& folder) {
    std::vector<IoLayout> inputs = model.inputs;
    for (NodeId id : model.graph.inputs()) {
      const Node& node = model.graph.node(id);
      if (model.inputs.empty()) inputs.push_back(plain_layout(node.name, node.shape));
    }
    std::vector<std::vector<float>> windows;
    for (uint32_t seed = 0; seed < kWindows; ++seed) {
      std::vector<float>& window = windows.emplace_back();
      for (const auto& values : test::random_inputs(model.graph, seed))
        window.insert(window.end(), values.begin(), values.end());
    }
    const fs::path path = folder / "windows.npz";
    EXPECT_TRUE(write_calibration_windows(path, windows, inputs, {}, {.force = true}).has_value());
    return path;
  }

  void build_and_verify(const ImportedModel& model, bool integers) {
    const std::string suffix = integers ? "_int8" : "";
    const fs::path folder = fs::temp_directory_path() / fmt::format("tessera_stages_{}", getpid());
    fs::create_directories(folder);
    BuildOptions options;
    options.import = options_;
    options.target = kTarget;
    options.threads = 1;
    if (integers) {
      options.integers.emplace();
      options.calibration.sources = {calibration(model, folder)};
    }
    const Result<Built> built = build(file_, options);
    fs::remove_all(folder);
    if (!cell("build" + suffix, built)) return;
    cell("verify" + suffix, verify(built->package, model.graph));
  }

  // The package as a user opens it: its pieces are what its model, plan and encodings give, and
  // played it is the network.
  static Result<void> verify(const Package& built, const Graph& imported) {
    const auto bytes = built.bytes();
    TESSERA_TRY(const Package package,
                Package::from_bytes({bytes.begin(), bytes.end()}, "package"));
    TESSERA_TRY(const PackagedNetwork network, package.network());
    TESSERA_TRY(const CheckedPackage checked, check_package(package, network));
    EXPECT_EQ(checked.pieces > 0, !network.plan.segments.empty());
    VerifyOptions options;
    if (network.encodings) options.encodings = &*network.encodings;
    options.min_snr_db = kMinSnrDb;
    TESSERA_TRY(const auto backend,
                make_backend(network.encodings ? "emulator" : "cpu", {.threads = 1}));
    TESSERA_TRY(const auto reference, make_backend("cpu", {.threads = 1}));
    const std::vector<std::vector<float>> inputs = test::random_inputs(imported, 1);
    const std::vector<ConstValues> views(inputs.begin(), inputs.end());
    TESSERA_TRY(const VerifyReport report,
                verify_plan(imported, network.plan, *backend, *reference, views, options));
    if (report.passed) return {};
    const ValueCheck* failure = report.first_failure();
    return TESSERA_ERROR(
        kMismatch, failure->name,
        fmt::format("differs by {} at a peak of {}: {} dB", failure->difference.max_abs,
                    failure->difference.peak, failure->difference.snr_db),
        "");
  }

  const fs::path file_;
  const Refusals& known_;
  ImportOptions options_;
};

class EveryNetwork : public testing::TestWithParam<int> {};

TEST_P(EveryNetwork, WorksAtEveryStageOrIsRefusedByName) {
  const Refusals known = known_refusals();
  const std::vector<fs::path> files = network_files();
  for (size_t i = static_cast<size_t>(GetParam()); i < files.size(); i += kShards) {
    Row(files[i], known).run();
  }
}

INSTANTIATE_TEST_SUITE_P(Shard, EveryNetwork, testing::Range(0, kShards));

TEST(NetworkFiles, AreAllThere) {
  EXPECT_GE(network_files().size(), 392U);
}

TEST(KnownRefusals, AreOfFilesThatAreThere) {
  for (const auto& [cell, code] : known_refusals()) {
    EXPECT_TRUE(fs::exists(kData / cell.first)) << cell.first;
  }
}

}  // namespace
}  // namespace tessera
