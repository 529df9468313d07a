// What export writes is a function of the network alone. Its values are judged in
// export_witness.py.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "cli/tool.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// Cumulative norms of two widths: what was exported of them depended on where memory was given out.
const std::string kWidths =
    TESSERA_SOURCE_DIR "/tests/data/field/export_cumulative_widths/asteroid_causal.pth";

class CliExport : public testing::Test {
 protected:
  // A copy of the network, of a name as long as that.
  std::string network(size_t letters) const {
    const fs::path folder = folder_ / std::string(letters, 'd');
    fs::create_directory(folder);
    fs::copy_file(kWidths, folder / (std::string(letters, 'n') + ".pth"));
    return (folder / (std::string(letters, 'n') + ".pth")).string();
  }
  // Contents by name.
  static std::map<std::string, std::string> onnx_files(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".onnx")
        files[entry.path().filename().string()] = contents(entry.path());
    }
    return files;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  ScratchFolder folder_;
};

TEST_F(CliExport, WritesTheSameBytesWhateverTheFilesAreCalled) {
  std::string first;
  for (const size_t letters : {1, 20, 31, 64, 150}) {
    const std::string output = path(std::string(letters, 'o') + ".onnx");
    const Outcome outcome =
        tessera_tool({"export", network(letters), "--length", "800", "-o", output});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    if (first.empty()) first = contents(output);
    EXPECT_EQ(contents(output), first) << letters << " letters";
  }
}

TEST_F(CliExport, ThePiecesOfAPackageAreTheSameToo) {
  std::map<std::string, std::string> first;
  for (const size_t letters : {1, 31, 150}) {
    const std::string package = path(std::to_string(letters) + ".tess");
    const Outcome built =
        tessera_tool({"build", network(letters), "--length", "803", "-o", package});
    ASSERT_EQ(built.code, 0) << built.err;
    const std::string folder = path(std::to_string(letters));
    ASSERT_EQ(tessera_tool({"package", "extract", package, "-o", folder}).code, 0);
    const auto pieces = onnx_files(fs::path(folder) / "pieces");
    ASSERT_GT(pieces.size(), 3U);
    if (first.empty()) first = pieces;
    EXPECT_EQ(pieces, first) << letters << " letters";
  }
}

}  // namespace
}  // namespace tessera
