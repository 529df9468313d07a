#include "model/torch/torch_checkpoint.h"

#include <cmath>

#include <gtest/gtest.h>

#include "model/torch/pickle_builder.h"
#include "support/zip_builder.h"
#include "tessera/file.h"

namespace tessera {
namespace {

using P = PickleBuilder;

std::vector<uint8_t> data_file(const std::string& name) {
  return read_file(std::string(TESSERA_SOURCE_DIR) + "/tests/data/torch/" + name, 1 << 20).value();
}

Checkpoint read(const std::string& name) {
  auto checkpoint = read_torch_checkpoint(data_file(name));
  EXPECT_TRUE(checkpoint) << name << ": " << checkpoint.error().to_string();
  return checkpoint ? std::move(checkpoint).value() : Checkpoint();
}

std::vector<float> values(const Checkpoint& checkpoint, const std::string& name) {
  const NamedTensor* found = checkpoint.find(name);
  if (found == nullptr) return {};
  return {found->tensor.values().begin(), found->tensor.values().end()};
}

std::vector<uint8_t> archive(const P& pickle, const std::string& storage,
                             const std::string& byteorder = "little") {
  return ZipBuilder()
      .add({.name = "m/data.pkl", .data = pickle.done()})
      .add({.name = "m/byteorder", .data = byteorder})
      .add({.name = "m/data/0", .data = storage})
      .bytes();
}

std::string error_of(const std::vector<uint8_t>& file) {
  const auto checkpoint = read_torch_checkpoint(file);
  return checkpoint ? "" : checkpoint.error().to_string();
}

using Floats = std::vector<float>;

TEST(TorchCheckpoint, ReadsEveryNumberFormat) {
  const Checkpoint checkpoint = read("dtypes.pth");
  for (const char* name : {"float16", "bfloat16", "float32", "float64"}) {
    EXPECT_EQ(values(checkpoint, name), Floats({0, 1, -2, 3.5})) << name;
    EXPECT_EQ(to_string(checkpoint.find(name)->type), name);
  }
  EXPECT_EQ(values(checkpoint, "int8"), Floats({0, 1, 2, 100}));
  EXPECT_EQ(values(checkpoint, "int16"), Floats({0, -1, -2, -100}));
  EXPECT_EQ(values(checkpoint, "int32"), Floats({0, 1, 2, 100}));
  EXPECT_EQ(values(checkpoint, "int64"), Floats({0, -1, -2, -100}));
  EXPECT_EQ(values(checkpoint, "uint8"), Floats({100, 101, 102, 200}));
  EXPECT_EQ(values(checkpoint, "bool"), Floats({0, 1, 1, 1}));
  EXPECT_EQ(values(checkpoint, "scalar"), Floats({7}));
  EXPECT_EQ(checkpoint.find("scalar")->dims, std::vector<int64_t>());
  EXPECT_EQ(values(checkpoint, "half_special"),
            Floats({0x1p-24F, -0x1p-14F, 65504.0F, std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(checkpoint.find("empty")->dims, std::vector<int64_t>({0, 3}));
  EXPECT_TRUE(checkpoint.find("empty")->tensor.empty());
}

TEST(TorchCheckpoint, MakesSharedAndStridedViewsContiguous) {
  const Checkpoint checkpoint = read("layouts.pth");
  EXPECT_EQ(checkpoint.tensors.front().name, "whole");
  EXPECT_EQ(values(checkpoint, "row"), Floats({6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(values(checkpoint, "column"), Floats({2, 8, 14, 20}));
  EXPECT_EQ(checkpoint.find("transposed")->dims, std::vector<int64_t>({6, 4}));
  EXPECT_EQ(values(checkpoint, "transposed")[1], 6);
  EXPECT_EQ(values(checkpoint, "every_other"), Floats({1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23}));
  EXPECT_EQ(values(checkpoint, "expanded"), Floats({3, 3, 3, 3, 3}));
  EXPECT_EQ(values(checkpoint, "parameter"), Floats({12, 13, 18, 19}));
}

TEST(TorchCheckpoint, KeepsArgumentsAndFacts) {
  for (const char* name : {"facts.pth", "facts_protocol3.pth", "facts_protocol4.pth",
                           "facts_protocol5.pth", "facts_deflated.pth"}) {
    const Checkpoint checkpoint = read(name);
    EXPECT_EQ(checkpoint.model_name, "ConvTasNet");
    EXPECT_EQ(checkpoint.sample_rate, 8000);
    EXPECT_TRUE(checkpoint.has_args);
    EXPECT_EQ(to_string(checkpoint.args.at("n_src")), "2");
    EXPECT_EQ(to_string(checkpoint.args.at("mask_act")), "'relu'");
    EXPECT_EQ(to_string(checkpoint.args.at("causal")), "False");
    EXPECT_EQ(to_string(checkpoint.args.at("stride")), "None");
    EXPECT_EQ(to_string(checkpoint.args.at("eps")), "0.5");
    EXPECT_EQ(checkpoint.metadata.at("dataset"), "LibriMix");
    EXPECT_TRUE(checkpoint.metadata.contains("infos.software_versions.torch_version"));
    EXPECT_EQ(values(checkpoint, "a"), Floats({1, 1}));
    EXPECT_TRUE(checkpoint.notes.empty());
  }
}

TEST(TorchCheckpoint, FollowsNestedWrappers) {
  EXPECT_EQ(values(read("nested.pth"), "module.a"), Floats({1, 1}));
}

TEST(TorchCheckpoint, WarnsAboutNaN) {
  const Checkpoint checkpoint = read("nan.pth");
  ASSERT_EQ(checkpoint.notes.size(), 1u);
  EXPECT_EQ(checkpoint.notes[0].severity, NoteSeverity::warning);
  EXPECT_EQ(checkpoint.notes[0].text,
            "weights: 2 of 3 weights are NaN or infinite; outputs will be too");
}

TEST(TorchCheckpoint, ReadsBigEndianFiles) {
  const P pickle = P().op("}").text("w").tensor("0", 2, {2}, {1}).op("s");
  const auto file = archive(pickle, std::string("\x3f\x80\0\0\xc0\0\0\0", 8), "big");
  const auto checkpoint = read_torch_checkpoint(file);
  ASSERT_TRUE(checkpoint) << checkpoint.error().to_string();
  EXPECT_EQ(values(*checkpoint, "w"), Floats({1, -2}));
  EXPECT_EQ(error_of(archive(pickle, std::string(8, '\0'), "middle")),
            "m/byteorder: the byte order is neither little nor big (the file is damaged: save or "
            "download it again)");
}

TEST(TorchCheckpoint, RefusesCode) {
  const std::string hint =
      " (nothing was run; if you trust the file, save only its weights: "
      "torch.save(model.state_dict(), path))";
  EXPECT_EQ(error_of(data_file("runs_code.pth")),
            "data.pkl: the pickle asks for posix.system, which is not data" + hint);
  EXPECT_EQ(error_of(data_file("runs_code_beside_weights.pth")),
            "data.pkl: the pickle asks for posix.system, which is not data" + hint);
  EXPECT_EQ(error_of(data_file("custom_class.pth")),
            "data.pkl: the pickle asks for __main__.Custom, which is not data" + hint);
  EXPECT_EQ(
      error_of(data_file("whole_module.pth")),
      "data.pkl: the pickle asks for torch.nn.modules.linear.Linear, which is not data" + hint);
}

TEST(TorchCheckpoint, ReadsTheFormatBefore1_6) {
  EXPECT_EQ(values(read("legacy.pth"), "a"), Floats({1, 1}));
}

TEST(TorchCheckpoint, SaysHowToResaveOldFormats) {
  const std::string hint =
      " (re-save it with a recent PyTorch, from a source you trust: "
      "torch.save(torch.load(old), new, _use_new_zipfile_serialization=True))";
  EXPECT_EQ(error_of(data_file("bare_pickle.pth")),
            "this is a bare Python pickle, not a file of torch.save (save the weights with "
            "torch.save(state_dict, "
            "path))");
  std::vector<uint8_t> tar(512, 0);
  std::copy_n("ustar", 5, tar.begin() + 257);
  EXPECT_EQ(error_of(tar), "this is the tar format of PyTorch before 0.1.10" + hint);
}

TEST(TorchCheckpoint, RefusesOtherZips) {
  EXPECT_EQ(
      error_of(data_file("torchscript.pt")),
      "this is a TorchScript archive (torch.jit.save): it holds code (save the weights instead: "
      "torch.save(torch.jit.load(path).state_dict(), new), or export the network to ONNX)");
  EXPECT_EQ(error_of(ZipBuilder().add({.name = "a.txt", .data = "1"}).bytes()),
            "this zip holds 0 data.pkl files; torch.save writes one (give a checkpoint written by "
            "torch.save, a "
            ".safetensors or an .onnx file)");
  EXPECT_EQ(error_of({'R', 'I', 'F', 'F'}),
            "this is not a file of torch.save (give a .pth, .pt, .bin or .ckpt checkpoint)");
}

TEST(TorchCheckpoint, RefusesFilesWithoutTensors) {
  EXPECT_EQ(
      error_of(data_file("list.pth")),
      "data.pkl: the checkpoint holds no dictionary of tensors (save the weights as a state dict: "
      "torch.save(model.state_dict(), path))");
  EXPECT_EQ(
      error_of(archive(P().op("N"), "")),
      "data.pkl: the checkpoint holds no dictionary of tensors (save the weights as a state dict: "
      "torch.save(model.state_dict(), path))");
}

TEST(TorchCheckpoint, RefusesNumberFormatsItCannotRepresent) {
  EXPECT_EQ(error_of(data_file("complex.pth")),
            "complex: number format ComplexFloatStorage is not supported (convert the weights "
            "first: model.float())");
}

TEST(TorchCheckpoint, RefusesViewsOutsideTheirStorage) {
  const std::string storage(16, '\0');
  const auto file = [&](std::initializer_list<int32_t> sizes,
                        std::initializer_list<int32_t> strides, int32_t offset) {
    return archive(P().op("}").text("w").tensor("0", 4, sizes, strides, offset).op("s"), storage);
  };
  EXPECT_EQ(error_of(file({4}, {1}, 0)), "");
  EXPECT_EQ(error_of(file({5}, {1}, 0)),
            "w: shape [5] with strides [1] from element 0 reaches beyond its 4 elements");
  EXPECT_EQ(error_of(file({4}, {1}, 1)),
            "w: shape [4] with strides [1] from element 1 reaches beyond its 4 elements");
  EXPECT_EQ(error_of(file({2, 2}, {3, 1}, 0)),
            "w: shape [2, 2] with strides [3, 1] from element 0 reaches beyond its 4 elements");
  EXPECT_EQ(error_of(file({2}, {-1}, 3)), "w: negative sizes or strides: sizes [2], strides [-1]");
  EXPECT_EQ(error_of(file({2}, {1}, -1)),
            "w: sizes, strides and offset of a tensor do not belong together");
  EXPECT_EQ(error_of(file({2, 2}, {1}, 0)),
            "w: sizes, strides and offset of a tensor do not belong together");
  const auto huge = file({2147483647, 2147483647}, {2147483647, 1}, 0);
  EXPECT_EQ(error_of(huge), "w: shape [2147483647, 2147483647] exceeds " +
                                std::to_string((1 << 20) + 4 * huge.size()) + " elements");
}

TEST(TorchCheckpoint, BoundsExpandedTensors) {
  const std::string storage(4, '\0');
  const auto file =
      archive(P().op("}").text("w").tensor("0", 1, {100'000, 100'000}, {0, 0}).op("s"), storage);
  EXPECT_EQ(read_torch_checkpoint(file).error().code, ErrorCode::kResourceLimit);
}

TEST(TorchCheckpoint, RefusesMissingAndShortStorages) {
  const P pickle = P().op("}").text("w").tensor("7", 2, {2}, {1}).op("s");
  EXPECT_EQ(error_of(archive(pickle, "")),
            "w (m/data/7): the checkpoint refers to this storage but does not hold it (the file is "
            "damaged: save or "
            "download it again)");
  EXPECT_EQ(error_of(archive(P().op("}").text("w").tensor("0", 2, {2}, {1}).op("s"), "1234567")),
            "w (m/data/0): the storage should hold 2 numbers of float32 but has 7 bytes (the file "
            "is damaged: save or "
            "download it again)");
}

TEST(TorchCheckpoint, TreatsOneWrongChecksumAsDamageAndNoneAsAChoice) {
  const std::string pickle = P().op("}").text("w").tensor("0", 2, {2}, {1}).op("s").done();
  for (bool all : {false, true}) {
    const auto file =
        ZipBuilder()
            .add({.name = "m/data.pkl", .data = pickle, .wrong_crc = all})
            .add({.name = "m/data/0", .data = std::string(8, '\0'), .wrong_crc = true})
            .bytes();
    const auto checkpoint = read_torch_checkpoint(file);
    if (all) {
      ASSERT_TRUE(checkpoint);
      EXPECT_EQ(checkpoint->notes[0].text,
                "the file was written without checksums; damage would go unnoticed");
    } else {
      ASSERT_FALSE(checkpoint);
      EXPECT_EQ(
          checkpoint.error().to_string(),
          "1 of 2 parts have a wrong checksum (the file is damaged: copy or download it again)");
    }
  }
}

TEST(TorchCheckpoint, RefusesEveryTruncation) {
  const auto file = data_file("facts.pth");
  for (size_t size = 0; size < file.size(); ++size) {
    ASSERT_FALSE(read_torch_checkpoint(std::span(file).first(size))) << size;
  }
}

// Checksums cover all but the headers, and a few fields of those say nothing that is used.
TEST(TorchCheckpoint, RefusesOrReadsEveryFlippedByte) {
  const auto file = data_file("layouts.pth");
  size_t refused = 0;
  for (size_t at = 0; at < file.size(); ++at) {
    for (int flip : {0x01, 0x10, 0x80, 0xff}) {
      auto copy = file;
      copy[at] = static_cast<uint8_t>(copy[at] ^ flip);
      const auto checkpoint = read_torch_checkpoint(copy);
      if (checkpoint) continue;
      ++refused;
      EXPECT_NE(checkpoint.error().message, "") << at;
      EXPECT_NE(checkpoint.error().code, ErrorCode::kInvalidArgument) << at;
    }
  }
  EXPECT_GT(refused, 4 * file.size() / 2);
}

}  // namespace
}  // namespace tessera
