// The default rewrite of real checkpoints, every option of three toolkits: the same network.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "support/difference.h"
#include "support/random_values.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> checkpoints_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code missing;
  for (const auto& entry : fs::recursive_directory_iterator(folder, missing)) {
    if (entry.path().extension() == ".pth") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Number of networks that were read and compared.
int expect_same_networks(const fs::path& folder, const RewriteOptions& options) {
  int compared = 0;
  for (const fs::path& path : checkpoints_in(folder)) {
    SCOPED_TRACE(path.filename().string());
    // Samples that leave a remainder at every stride; what cannot be read is another test's
    // business.
    Result<ImportedModel> model = import_model(path, {.length_samples = 2003, .model_args = {}});
    if (!model) continue;
    Graph graph = model->graph;
    const Result<RewriteLog> log = rewrite(graph, options);
    if (!log) {
      ADD_FAILURE() << log.error().to_string();
      continue;
    }
    EXPECT_TRUE(log->exact);
    EXPECT_EQ(log->not_legal, "");
    const auto inputs = test::random_inputs(model->graph, 11);
    EXPECT_LE(test::relative_difference(test::run_graph(model->graph, inputs),
                                        test::run_graph(graph, inputs)),
              1e-5);
    ++compared;
  }
  return compared;
}

TEST(Checkpoints, StayTheSameNetwork) {
  EXPECT_GE(expect_same_networks(TESSERA_SOURCE_DIR "/tests/data", {}), 10);
}

TEST(Checkpoints, StayTheSameNetworkUnderEveryExactRuleAtOnce) {
  RewriteOptions options;
  for (const ListedRule& listed : rewrite_rules()) {
    if (listed.rule->exactness == Exactness::exact) options.enable.emplace_back(listed.rule->name);
  }
  EXPECT_GE(expect_same_networks(TESSERA_SOURCE_DIR "/tests/data", options), 10);
}

TEST(Checkpoints, OfTheBundledNetworksStayTheSameNetwork) {
  EXPECT_EQ(expect_same_networks(TESSERA_SOURCE_DIR "/models", {}), 5);
}

}  // namespace
}  // namespace tessera
