// Files of older programs: PyTorch's format before 1.6, and Lightning's with classes as keys and
// objects beside the weights.
#include <gtest/gtest.h>

#include <algorithm>

#include "graph/compare.h"
#include "model/torch/legacy_file.h"
#include "model/torch/pickle_builder.h"
#include "model/torch/torch_checkpoint.h"
#include "model/torch/unpickler.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"

namespace tessera {
namespace {

using P = PickleBuilder;
using Floats = std::vector<float>;

std::string data(const std::string& name) {
  return std::string(TESSERA_SOURCE_DIR) + "/tests/data/" + name;
}

std::vector<uint8_t> old_file(const std::string& name) {
  return read_file(data("torch/old/" + name), 1 << 20).value();
}

Floats values(const Checkpoint& checkpoint, const std::string& name) {
  const NamedTensor* found = checkpoint.find(name);
  if (found == nullptr) return {};
  return {found->tensor.values().begin(), found->tensor.values().end()};
}

std::string error_of(const P& pickle) {
  const auto document = Unpickler::read(as_bytes(pickle.done()));
  return document ? "" : document.error().message;
}

TEST(OldCheckpoints, GiveTheSameNetworkAsTodaysFile) {
  const auto today =
      import_model(data("options/cln_tanh.pth"), {.length_samples = 102, .model_args = {}});
  ASSERT_TRUE(today);
  for (const char* name :
       {"before_1_6.pth", "lightning.ckpt", "lightning_before_1_6.ckpt", "lightning_namespace.ckpt",
        "lightning_omegaconf.ckpt", "namespace.pth"}) {
    const auto model =
        import_model(data("torch/old/") + name, {.length_samples = 102, .model_args = {}});
    ASSERT_TRUE(model) << name << ": " << model.error().to_string();
    const GraphDifference difference = compare_graphs(model->graph, today->graph, 0);
    EXPECT_TRUE(difference.same) << name << ": " << difference.text;
  }
}

TEST(OldCheckpoints, ObjectsBesideTheWeightsAreNamedInANote) {
  const auto model =
      import_model(data("torch/old/lightning.ckpt"), {.length_samples = 102, .model_args = {}});
  ASSERT_TRUE(model);
  EXPECT_EQ(model->sample_rate, 16000);
  const auto note = std::find_if(model->notes.begin(), model->notes.end(), [](const Note& n) {
    return n.text.starts_with("objects beside the weights were read as plain data: ");
  });
  ASSERT_NE(note, model->notes.end());
  EXPECT_NE(note->text.find("argparse.Namespace"), std::string::npos) << note->text;
  EXPECT_NE(note->text.find("recipe.config.Config"), std::string::npos) << note->text;
}

TEST(OldCheckpoints, StoragesAfterThePicklesAreReadInEveryNumberFormatAndLayout) {
  const auto checkpoint = read_torch_checkpoint(old_file("layouts_before_1_6.pth"));
  ASSERT_TRUE(checkpoint) << checkpoint.error().to_string();
  EXPECT_EQ(values(*checkpoint, "row"), Floats({6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(values(*checkpoint, "column"), Floats({2, 8, 14, 20}));
  EXPECT_EQ(values(*checkpoint, "half"), Floats({0, 1, 2}));
  EXPECT_EQ(checkpoint->find("half")->type, ElementType::float16);
  EXPECT_EQ(values(*checkpoint, "bool")[20], 0);
  EXPECT_EQ(values(*checkpoint, "bool")[21], 1);
  EXPECT_EQ(checkpoint->find("empty")->dims, std::vector<int64_t>({0, 3}));
}

TEST(OldCheckpoints, RefuseEveryTruncationAndSurviveEveryFlippedByte) {
  const auto file = old_file("layouts_before_1_6.pth");
  for (size_t size = 0; size < file.size(); ++size) {
    ASSERT_FALSE(read_torch_checkpoint(std::span(file).first(size))) << size;
  }
  size_t refused = 0;
  for (size_t at = 0; at < file.size(); ++at) {
    for (int flip : {0x01, 0x10, 0x80, 0xff}) {
      auto copy = file;
      copy[at] = static_cast<uint8_t>(copy[at] ^ flip);
      const auto checkpoint = read_torch_checkpoint(copy);
      if (checkpoint) continue;
      ++refused;
      EXPECT_NE(checkpoint.error().message, "") << at;
    }
  }
  EXPECT_GT(refused, file.size());
}

TEST(OldCheckpoints, AViewOfAStorageBeginsWhereItSays) {
  // {"w": a tensor of 2 on the view (from 1, 3 elements) of a storage of 4}
  P object;
  object.op("}").text("w").global("torch._utils", "_rebuild_tensor").op("((").text("storage");
  object.global("torch", "FloatStorage").text("k").text("cpu").number(4).op("(").text("v");
  object.number(1).number(3).op("ttQ").number(1).op("(").number(2).op("t(").number(1).op("ttR");
  object.op("s");
  std::string file = std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  file += P().number(1001).done() + P().op("}").done() + object.done();
  file += P().op("](").text("k").op("e").done();
  file += std::string("\x04\0\0\0\0\0\0\0", 8);
  for (float value : {1.0F, 2.0F, 3.0F, 4.0F})
    file.append(reinterpret_cast<const char*>(&value), 4);
  ASSERT_TRUE(is_legacy_file(as_bytes(file)));
  const auto checkpoint = read_torch_checkpoint(as_bytes(file));
  ASSERT_TRUE(checkpoint) << checkpoint.error().to_string();
  EXPECT_EQ(values(*checkpoint, "w"), Floats({3, 4}));
}

TEST(OldCheckpoints, ANameThatIsOnlyMentionedIsData) {
  EXPECT_EQ(error_of(P().op("}").global("a.callbacks", "Stopping").number(1).op("s")), "");
  EXPECT_EQ(error_of(P().op("}").text("loss").global("recipe", "si_sdr").op("s")), "");
}

TEST(OldCheckpoints, AFunctionThatIsCalledIsRefusedByName) {
  EXPECT_EQ(error_of(P().global("recipe", "make_loss").op(")R")),
            "the pickle asks for recipe.make_loss, which is not data");
  EXPECT_EQ(error_of(P().global("numpy", "load").text("x").op("\x85R")),
            "the pickle asks for numpy.load, which is not data");
}

TEST(OldCheckpoints, NamesThatRunCodeAreRefusedEvenWhereTheyAreMentioned) {
  for (const auto& [module, name] : {std::pair{"os", "system"},
                                     {"subprocess", "Popen"},
                                     {"os.path", "join"},
                                     {"builtins", "exec"},
                                     {"importlib", "import_module"},
                                     {"torch.hub", "load"},
                                     {"recipe", "Config.__init__"},
                                     {"runpy", "run_path"},
                                     {"numpy.testing._private.utils", "runstring"}}) {
    EXPECT_EQ(error_of(P().op("}").global(module, name).number(1).op("s")),
              std::string("the pickle asks for ") + module + "." + name + ", which is not data");
  }
}

TEST(OldCheckpoints, GetattrNamesAMemberOfAClassAndNothingElse) {
  EXPECT_EQ(
      error_of(P().global("builtins", "getattr").global("recipe", "Stage").text("FIT").op("\x86R")),
      "");
  const std::string refused = "the pickle asks for builtins.getattr, which is not data";
  EXPECT_EQ(
      error_of(
          P().global("builtins", "getattr").global("recipe", "Stage").text("__new__").op("\x86R")),
      refused);
  EXPECT_EQ(
      error_of(P().global("builtins", "getattr").global("recipe", "stage").text("a").op("\x86R")),
      refused);
  EXPECT_EQ(
      error_of(
          P().global("builtins", "getattr").global("recipe", "Stage").text("FIT").op("\x86R)R")),
      "the pickle calls a value that is no known function");
}

TEST(OldCheckpoints, AttributesAreCopiedOnlySoOften) {
  P bomb;
  bomb.op("}\x94(");
  for (int i = 0; i < 1000; ++i) bomb.number(i).op("N");
  bomb.op("u0").global("recipe", "Config").op("\x94");
  for (int i = 0; i < 40'000; ++i)
    bomb.op(
        std::string_view("h\x01)\x81h\x00"
                         "b0",
                         8));
  EXPECT_EQ(error_of(bomb), "the pickle copies its values without end: this is a bomb");
}

}  // namespace
}  // namespace tessera
