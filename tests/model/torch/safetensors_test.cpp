#include "model/torch/safetensors.h"

#include <gtest/gtest.h>

#include "model/torch/safetensors_builder.h"

namespace tessera {
namespace {

using Floats = std::vector<float>;

constexpr std::string_view kDamaged = " (the file is damaged: save or download it again)";

std::string error_of(std::string_view header, std::string_view data = "") {
  const auto checkpoint = read_safetensors(safetensors_file(header, data));
  return checkpoint ? "" : checkpoint.error().to_string();
}

std::string damaged(const std::string& message) {
  return message + std::string(kDamaged);
}

std::string entry(std::string_view dtype, std::string_view shape, int begin, int end) {
  return fmt::format(R"({{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", dtype, shape, begin,
                     end);
}

Floats values(const Checkpoint& checkpoint, std::string_view name) {
  const auto span = checkpoint.find(name)->tensor.values();
  return {span.begin(), span.end()};
}

TEST(Safetensors, ReadsEveryNumberFormat) {
  const std::string data("\0\x3c\0\xc0\x80\x3f\0\xc0\0\0\x80\x3f\0\0\0\0\0\0\xf0\x3f\xfe\x07\x01",
                         23);
  const auto checkpoint = read_safetensors(safetensors_file(
      fmt::format(
          R"({{"__metadata__":{{"task":"sep"}},"half":{},"bf":{},"f":{},"d":{},"i":{},"u":{},"b":{},"none":{}}})",
          entry("F16", "[2]", 0, 4), entry("BF16", "[2,1]", 4, 8), entry("F32", "[]", 8, 12),
          entry("F64", "[1]", 12, 20), entry("I8", "[1]", 20, 21), entry("U8", "[1]", 21, 22),
          entry("BOOL", "[1]", 22, 23), entry("F32", "[0,4]", 23, 23)),
      data));
  ASSERT_TRUE(checkpoint) << checkpoint.error().to_string();
  EXPECT_EQ(values(*checkpoint, "half"), Floats({1, -2}));
  EXPECT_EQ(values(*checkpoint, "bf"), Floats({1, -2}));
  EXPECT_EQ(values(*checkpoint, "f"), Floats({1}));
  EXPECT_EQ(values(*checkpoint, "d"), Floats({1}));
  EXPECT_EQ(values(*checkpoint, "i"), Floats({-2}));
  EXPECT_EQ(values(*checkpoint, "u"), Floats({7}));
  EXPECT_EQ(values(*checkpoint, "b"), Floats({1}));
  EXPECT_TRUE(checkpoint->find("none")->tensor.empty());
  EXPECT_EQ(checkpoint->find("bf")->dims, std::vector<int64_t>({2, 1}));
  EXPECT_EQ(checkpoint->metadata.at("task"), "sep");
}

TEST(Safetensors, RefusesRangesThatDoNotTileTheData) {
  const auto two = [](int begin_a, int end_a, int begin_b, int end_b) {
    return error_of(fmt::format(R"({{"a":{},"b":{}}})",
                                entry("U8", fmt::format("[{}]", end_a - begin_a), begin_a, end_a),
                                entry("U8", fmt::format("[{}]", end_b - begin_b), begin_b, end_b)),
                    "12345678");
  };
  EXPECT_EQ(two(0, 4, 4, 8), "");
  EXPECT_EQ(two(4, 8, 0, 4), "");
  EXPECT_EQ(two(0, 5, 4, 8), damaged("b: its bytes overlap another tensor's"));
  EXPECT_EQ(two(0, 3, 4, 8), damaged("b: 1 byte before it belongs to no tensor"));
  EXPECT_EQ(two(0, 3, 3, 7), damaged("1 byte at the end belongs to no tensor"));
  EXPECT_EQ(two(0, 4, 4, 9), damaged("b: its bytes 4 to 9 lie outside the 8 bytes of data"));
}

TEST(Safetensors, RefusesContradictingEntries) {
  EXPECT_EQ(error_of(fmt::format(R"({{"a":{}}})", entry("F32", "[3]", 0, 8)), "12345678"),
            damaged("a: shape [3] of F32 takes 12 bytes, found 8"));
  EXPECT_EQ(error_of(R"({"a":{"dtype":"F32","shape":[2]}})", "12345678"),
            damaged("a: its header entry lacks dtype, shape or data_offsets"));
  EXPECT_EQ(error_of(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", "12345678"),
            damaged("a: its shape or data_offsets are no whole numbers"));
  EXPECT_EQ(error_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "12345678"),
            damaged("a: its bytes 8 to 0 lie outside the 8 bytes of data"));
  EXPECT_EQ(error_of(R"({"a":7})"),
            damaged("a: its header entry lacks dtype, shape or data_offsets"));
  EXPECT_EQ(error_of(fmt::format(R"({{"a":{}}})", entry("F8_E4M3", "[8]", 0, 8)), "12345678"),
            "a: number format F8_E4M3 is not supported (convert the weights first: model.float())");
}

TEST(Safetensors, RefusesBrokenHeaders) {
  const std::string message =
      damaged("the header is no JSON object, is nested too deeply, or names a tensor twice");
  EXPECT_EQ(error_of("[1]"), message);
  EXPECT_EQ(error_of(R"({"a":)"), message);
  EXPECT_EQ(error_of(fmt::format(R"({{"a":{0},"a":{0}}})", entry("U8", "[0]", 0, 0))), message);
  EXPECT_EQ(error_of("{\"a\":" + std::string(100'000, '[')), message);
  EXPECT_EQ(error_of("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"), message);
  EXPECT_EQ(error_of(R"({"__metadata__":1})"),
            damaged("__metadata__: the metadata is no JSON object"));
  EXPECT_EQ(error_of("{}"), "the file holds no tensors (save the weights of a network in it)");
}

TEST(Safetensors, BoundsHugeClaims) {
  const auto huge = read_safetensors(safetensors_file(
      R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", ""));
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code, ErrorCode::kResourceLimit);
  std::vector<uint8_t> long_header(9 << 20, ' ');
  long_header[0] = 0;
  std::fill_n(long_header.begin(), 8, uint8_t{0});
  long_header[2] = 0x8f;  // 9.4 million bytes
  EXPECT_EQ(read_safetensors(long_header).error().message,
            "a header of 9371648 bytes exceeds the limit of 8388608");
}

TEST(Safetensors, RefusesEveryTruncationAndSurvivesEveryFlippedByte) {
  const auto file =
      safetensors_file(fmt::format(R"({{"a":{}}})", entry("F32", "[2]", 0, 8)), "12345678");
  ASSERT_TRUE(read_safetensors(file));
  for (size_t size = 0; size < file.size(); ++size) {
    ASSERT_FALSE(read_safetensors(std::span(file).first(size))) << size;
  }
  for (size_t at = 0; at < file.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      auto copy = file;
      copy[at] = static_cast<uint8_t>(value);
      (void)read_safetensors(copy).has_value();
    }
  }
}

TEST(Safetensors, TakesArgumentsFromAJsonConfiguration) {
  const auto config = [](std::string_view json) {
    Checkpoint checkpoint;
    const auto added = add_json_config({reinterpret_cast<const uint8_t*>(json.data()), json.size()},
                                       "config.json", checkpoint);
    EXPECT_TRUE(added) << added.error().to_string();
    return checkpoint;
  };
  const Checkpoint nested = config(R"({"model_name":"ConvTasNet","sample_rate":16000,
      "model_args":{"n_src":2,"mask_act":"relu","stride":null,"causal":true}})");
  EXPECT_TRUE(nested.has_args);
  EXPECT_EQ(nested.model_name, "ConvTasNet");
  EXPECT_EQ(nested.sample_rate, 16000);
  EXPECT_EQ(to_string(nested.args.at("mask_act")), "'relu'");
  EXPECT_EQ(to_string(nested.args.at("stride")), "None");
  const Checkpoint flat = config(R"({"n_src":3,"n_filters":64,"license":"CC-BY"})");
  EXPECT_TRUE(flat.has_args);
  EXPECT_EQ(to_string(flat.args.at("n_src")), "3");
  EXPECT_EQ(flat.metadata.at("license"), "CC-BY");
  EXPECT_FALSE(config(R"({"architectures":["X"]})").has_args);
}

TEST(Safetensors, RefusesABrokenConfiguration) {
  Checkpoint checkpoint;
  const std::string_view json = "[]";
  EXPECT_EQ(add_json_config({reinterpret_cast<const uint8_t*>(json.data()), json.size()},
                            "config.json", checkpoint)
                .error()
                .to_string(),
            "config.json: the configuration is no JSON object (correct it, or move it away and "
            "give ImportOptions::model_args "
            "NAME=VALUE)");
}

}  // namespace
}  // namespace tessera
