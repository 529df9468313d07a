#include "vendor/hailo/hn/hn.h"

#include <gtest/gtest.h>

#include "base/text_bytes.h"
#include "support/har_builder.h"

namespace tessera {
namespace {

Result<Hn> read(std::string text) {
  return read_hn(bytes_of(text), "net.hn");
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Hn, ReadsLayersWithTheirParameters) {
  const auto hn = read(std::string(test::kSmallHn));
  ASSERT_TRUE(hn) << hn.error().to_string();
  EXPECT_EQ(hn->name, "net");
  EXPECT_EQ(hn->stage, "HN");
  ASSERT_EQ(hn->layers.size(), 3U);
  const HnLayer& conv = hn->layers[1];
  EXPECT_EQ(conv.type, "conv");
  EXPECT_EQ(conv.inputs, std::vector<std::string>{"net/input_layer1"});
  EXPECT_EQ(conv.shape(), (Shape{4, 2, 8}));
  EXPECT_EQ(conv.original_names, (std::vector<std::string>{"/conv/Conv", "/act/Relu"}));
  EXPECT_EQ(conv.params.kernel_shape, (std::vector<int64_t>{1, 3, 3, 4}));
  EXPECT_EQ(conv.params.activation, "relu");
  EXPECT_EQ(conv.precision_mode, "a8_w8_a8");
  EXPECT_EQ(hn->layers_by_type().at("conv"), 1);
}

TEST(Hn, SaysWhichFieldIsWrong) {
  const std::string small(test::kSmallHn);
  const std::pair<std::string, std::string> broken[] = {
      {with(small, "\"name\": \"net\"", "\"name\": 3"), "net.hn.name"},
      {with(small, "[[-1, 2, 8, 4]], \"original_names\": [\"y\"]",
            "[[-1, 2, 8]], \"original_names\": [\"y\"]"),
       "output_shapes"},
      {with(small, "\"type\": \"conv\"", "\"type\": null"), "net/conv1.type"},
      {with(small, "\"groups\": 1", "\"groups\": 0"), "params.groups"},
      {with(small, "[1, 3, 3, 4]", "[1, 3.5, 3, 4]"), "params.kernel_shape"},
      {with(small, "[[-1, 2, 8, 4]],\n   \"original_names\": [\"/conv/Conv\"",
            "[],\n   \"original_names\": [\"/conv/Conv\""),
       "output_shapes"},
  };
  for (const auto& [text, field] : broken) {
    const auto hn = read(text);
    ASSERT_FALSE(hn) << field;
    EXPECT_EQ(hn.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(hn.error().subject.find(field), std::string::npos) << hn.error().subject;
  }
  EXPECT_FALSE(read("{"));
  EXPECT_FALSE(read("[]"));
}

TEST(Hn, ShapesOfAnySizeAreRefusedBeforeTheyMultiply) {
  const auto hn = read(with(std::string(test::kSmallHn), "[[-1, 2, 8, 3]], \"output_shapes\"",
                            "[[-1, 1000000000000, 1000000000000, 3]], \"output_shapes\""));
  ASSERT_FALSE(hn);
  EXPECT_EQ(hn.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace tessera
