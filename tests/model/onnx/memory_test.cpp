// A model in memory reads its external weights there, and every import tells what it read.
#include <gtest/gtest.h>

#include "support/onnx_builder.h"
#include "support/scratch_folder.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"

namespace tessera {
namespace {

std::vector<uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

std::string with_external_weights() {
  test::OnnxBuilder net = test::conv_net();
  net.external("w", {2, 1, 3}, "./weights//w.bin");
  return net.bytes();
}

const std::string kWeights(24, '?');  // six finite floats

TEST(ImportMemory, GivesTheGraphThatTheDiskGives) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder / "weights");
  ASSERT_TRUE(write_file_atomically(folder / "net.onnx", with_external_weights()));
  ASSERT_TRUE(write_file_atomically(folder / "weights/w.bin", kWeights));
  const auto disk = import_model(folder / "net.onnx");
  ASSERT_TRUE(disk.has_value()) << disk.error().to_string();
  EXPECT_EQ(disk->files_beside, std::vector<std::string>{"weights/w.bin"});

  const auto files = std::make_shared<ModelFiles>();
  (*files)["net.onnx"] = bytes_of(with_external_weights());
  (*files)["weights/w.bin"] = bytes_of(kWeights);
  const auto memory = import_model(files, "net.onnx");
  ASSERT_TRUE(memory.has_value()) << memory.error().to_string();
  EXPECT_EQ(print_graph(memory->graph), print_graph(disk->graph));
}

TEST(ImportMemory, NeverLooksForAMissingFileOnTheDisk) {
  const auto files = std::make_shared<ModelFiles>();
  (*files)["net.onnx"] = bytes_of(with_external_weights());
  EXPECT_EQ(import_model(files, "net.onnx").error().to_string(),
            "net.onnx: tensor 'w': its values are in 'weights/w.bin', which does not exist (build "
            "the package again with the external data file beside the .onnx file)");
}

TEST(ImportMemory, ANameThatIsNoneOfTheFilesIsRefused) {
  const auto files = std::make_shared<ModelFiles>();
  (*files)["net.safetensors"] = bytes_of("x");
  EXPECT_EQ(import_model(files, "other").error().to_string(),
            "other: is not one of the files in memory");
}

}  // namespace
}  // namespace tessera
