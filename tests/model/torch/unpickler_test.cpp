#include "model/torch/unpickler.h"

#include <gtest/gtest.h>

#include "model/torch/pickle_builder.h"

namespace tessera {
namespace {

using namespace std::string_view_literals;
using P = PickleBuilder;

Result<PickleDocument> read(const P& pickle) {
  return Unpickler::read(as_bytes(pickle.done()));
}

void expect_unsafe(const P& pickle, const std::string& message) {
  const auto document = read(pickle);
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().to_string(),
            "data.pkl: " + message +
                " (nothing was run; if you trust the file, save only its weights: "
                "torch.save(model.state_dict(), path))");
  EXPECT_EQ(document.error().code, ErrorCode::kUnsafe);
}

void expect_corrupt(const P& pickle, const std::string& message) {
  const auto document = read(pickle);
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().message.substr(0, message.size()), message);
  EXPECT_EQ(document.error().code, ErrorCode::kCorrupt);
}

TEST(Unpickler, ReadsNumbersOfEveryEncoding) {
  const auto document = read(P().op("(K\xff"sv)
                                 .op("M\xff\xff"sv)
                                 .number(-5)
                                 .op("\x8a\x02\x00\x80"sv)
                                 .op("\x8a\x00"sv)
                                 .op("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"sv)
                                 .op("t"));
  ASSERT_TRUE(document) << document.error().to_string();
  const auto& items = document->get_if<PickleSequence>(document->root())->items;
  const int64_t expected[] = {255, 65535, -5, -32768, 0, INT64_MAX};
  ASSERT_EQ(items.size(), std::size(expected));
  for (size_t i = 0; i < items.size(); ++i)
    EXPECT_EQ(*document->get_if<int64_t>(items[i]), expected[i]);
}

TEST(Unpickler, SharesMemoizedValues) {
  // l = []; (l, l) with 7 appended after it was memoized
  const auto document = read(P().op("(]\x94h\x00"sv).op("K\x07"sv).op("at"));
  ASSERT_TRUE(document) << document.error().to_string();
  const auto& items = document->get_if<PickleSequence>(document->root())->items;
  EXPECT_EQ(items[0], items[1]);
  EXPECT_EQ(document->get_if<PickleSequence>(items[0])->items.size(), 1u);
}

TEST(Unpickler, ReadsAListThatHoldsItself) {
  const auto document = read(P().op("]\x94h\x00"sv).op("a"));
  ASSERT_TRUE(document);
  EXPECT_EQ(document->get_if<PickleSequence>(document->root())->items[0], document->root());
}

TEST(Unpickler, LastValueOfAKeyWins) {
  const auto document = read(P().op("}(").text("a").number(1).text("a").number(2).op("u"));
  ASSERT_TRUE(document);
  const auto& dict = *document->get_if<PickleDict>(document->root());
  EXPECT_EQ(*document->get_if<int64_t>(*document->find(dict, "a")), 2);
}

TEST(Unpickler, ReadsNumpyNumbers) {
  const auto dtype = [](const char* code) {
    return P()
        .global("numpy.core.multiarray", "scalar")
        .global("numpy", "dtype")
        .text(code)
        .op("\x89\x88\x87R"sv)
        .op("(K\x03")
        .text("<")
        .op("NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"sv);
  };
  const auto real = read(dtype("f8").op("C\x08\0\0\0\0\0\0\x08\x40"sv).op("\x86R"));
  ASSERT_TRUE(real) << real.error().to_string();
  EXPECT_EQ(*real->get_if<double>(real->root()), 3.0);
  const auto whole = read(dtype("i8").op("C\x08\x05\0\0\0\0\0\0\0"sv).op("\x86R"));
  ASSERT_TRUE(whole);
  EXPECT_EQ(*whole->get_if<int64_t>(whole->root()), 5);
}

TEST(Unpickler, RefusesForbiddenGlobalsByName) {
  expect_unsafe(P().global("posix", "system").text("id").op("\x85R"),
                "the pickle asks for posix.system, which is not data");
  expect_unsafe(P().global("builtins", "eval").text("1").op("\x85R"),
                "the pickle asks for builtins.eval, which is not data");
  expect_unsafe(P().text("os").text("system").op("\x93"),
                "the pickle asks for os.system, which is not data");
  expect_unsafe(P().text("collections").text("OrderedDict.__init__").op("\x93"),
                "the pickle asks for collections.OrderedDict.__init__, which is not data");
  expect_unsafe(P().global("torch", "load").op(")R"),
                "the pickle asks for torch.load, which is not data");
  expect_unsafe(P().global("torch.storage", "_load_from_bytes"),
                "the pickle asks for torch.storage._load_from_bytes, which is not data");
  expect_unsafe(P().global("\x1b[2Jevil", std::string(200, 'x')),
                "the pickle asks for ?[2Jevil." + std::string(100, 'x') + "..., which is not data");
}

TEST(Unpickler, RefusesEveryWayToMakeObjects) {
  expect_unsafe(P().op("(").text("id").op("ios\nsystem\n"),
                "the pickle wants to make an object of os.system");
  expect_unsafe(P().op("(").global("collections", "OrderedDict").op("o"),
                "the pickle wants to make an object (OBJ)");
  expect_unsafe(P().global("collections", "OrderedDict").op(")}\x92"),
                "the pickle wants to make an object with keyword arguments (NEWOBJ_EX)");
  expect_unsafe(P().op("\x82\x01"), "the pickle uses the copyreg extension registry (EXT)");
  expect_unsafe(P().op("]}b"), "the pickle sets the inner state of an object (BUILD)");
  expect_unsafe(P().global("torch", "Size").op("}b"),
                "the pickle sets the inner state of an object (BUILD)");
  expect_unsafe(P().op("})R"), "the pickle calls a value that is no known function");
  expect_unsafe(P().op("})\x81"), "the pickle calls a value that is no known function");
}

TEST(Unpickler, RefusesStackMisuse) {
  expect_corrupt(P().op("R"), "the pickle's stack is empty");
  expect_corrupt(P().op("t"), "the pickle's mark is missing");
  expect_corrupt(P().op("]]s"), "the pickle's stack is empty");
  expect_corrupt(P().op("K\x01K\x02").op("a"), "the pickle fills something that is no list");
  expect_corrupt(P().op("](K\x01u"), "the pickle gives a key without a value");
  expect_corrupt(P().op("}(K\x01u"), "the pickle gives a key without a value");
  expect_corrupt(P().op("h\x09"), "the pickle recalls memo 9, which it never set");
  expect_corrupt(P().op("](a"),
                 "the pickle's stack is empty");  // a value below the mark is out of reach
  expect_corrupt(P(), "the pickle's stack is empty");
}

TEST(Unpickler, RefusesStrangeTensors) {
  expect_corrupt(P().global("torch._utils", "_rebuild_tensor_v2").op(")R"),
                 "a tensor is rebuilt from too few arguments");
  expect_corrupt(P().global("torch._utils", "_rebuild_tensor_v2").op("(K\x01K\x00)))tR"sv),
                 "a tensor is rebuilt without its storage");
  expect_corrupt(P().op("K\x01Q"), "a persistent id is not torch.save's");
  expect_corrupt(P().global("torch._utils", "_rebuild_parameter").op("K\x01\x85R"),
                 "torch._utils._rebuild_parameter is called with unexpected arguments");
}

TEST(Unpickler, RefusesEveryTruncation) {
  const std::string pickle = P().op("}(").text("w").tensor("0", 4, {2, 2}, {2, 1}).op("u").done();
  for (size_t size = 0; size < pickle.size(); ++size) {
    const auto document = Unpickler::read(as_bytes(pickle).first(size));
    ASSERT_FALSE(document) << size;
    EXPECT_EQ(document.error().code, ErrorCode::kCorrupt) << size;
  }
}

TEST(Unpickler, RefusesUnknownOpcodesAndProtocols) {
  const auto opcode = read(P().op("S'text'\n"));
  ASSERT_FALSE(opcode);
  EXPECT_EQ(opcode.error().to_string(),
            "data.pkl: pickle opcode 0x53 (byte 2) is not one torch.save writes (save with "
            "torch.save and its "
            "default protocol)");
  const auto protocol = Unpickler::read(as_bytes("\x80\x06N."));
  ASSERT_FALSE(protocol);
  EXPECT_EQ(protocol.error().message, "pickle protocol 6 is not known");
}

TEST(Unpickler, BoundsNestingCopiesAndSize) {
  const auto nested = read(P().op(std::string(2000, '(')));
  ASSERT_FALSE(nested);
  EXPECT_EQ(nested.error().message, "the pickle is nested more than 1000 deep");

  const auto many = read(P().op(std::string(1'100'000, 'N')));
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code, ErrorCode::kResourceLimit);

  // One long list, copied into a set again and again.
  P bomb;
  bomb.global("builtins", "set")
      .op("\x94(]\x94("sv)
      .op(std::string(100'000, 'N'))
      .op("e\x85\x94"sv);
  for (int i = 0; i < 100'000; ++i) bomb.op("h\x00h\x02R"sv);
  const auto copied = read(bomb);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().message, "the pickle copies its values without end: this is a bomb");
}

TEST(Unpickler, SurvivesEveryFlippedByte) {
  const std::string pickle = P().op("}(")
                                 .text("w")
                                 .tensor("0", 4, {2, 2}, {2, 1})
                                 .text("v")
                                 .global("collections", "OrderedDict")
                                 .op(")R}bu")
                                 .done();
  ASSERT_TRUE(Unpickler::read(as_bytes(pickle)));
  for (size_t at = 0; at < pickle.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string copy = pickle;
      copy[at] = static_cast<char>(value);
      (void)Unpickler::read(as_bytes(copy)).has_value();
    }
  }
}

}  // namespace
}  // namespace tessera
