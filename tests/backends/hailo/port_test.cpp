// Codes between floats and frames, and whether a stream's scales are the package's.
#include "backends/hailo/port.h"

#include <gtest/gtest.h>

#include <cstring>

namespace tessera::hailort {
namespace {

StreamInfo stream_of(const Shape& shape, FormatType type) {
  StreamInfo info{};
  info.shape = {static_cast<uint32_t>(shape.h), static_cast<uint32_t>(shape.w),
                static_cast<uint32_t>(shape.c)};
  info.format.type = type;
  std::strcpy(info.name, "s");
  return info;
}

TEST(HailoPort, FramesHoldUnsignedCodesChannelByChannelOfEveryPlace) {
  const Shape shape{2, 1, 3};
  CodeFrame frame(shape, integer::make_coding({8, true, {0.5F, 1.0F}, {0, -1}}, 2));
  const std::vector<float> values{0, 0.5F, -64, 1, 2, 1000};
  std::vector<std::byte> codes(6);
  frame.from_floats(values, codes);
  const std::vector<int> expected{128, 128, 129, 129, 0, 255};
  for (size_t i = 0; i < codes.size(); ++i)
    EXPECT_EQ(std::to_integer<int>(codes[i]), expected[i]) << i;
  std::vector<float> back(6);
  frame.to_floats(codes, back);
  EXPECT_EQ(back, (std::vector<float>{0, 0.5F, -64, 1, 2, 128}));
}

TEST(HailoPort, SixteenBitsAreUnsignedInFrames) {
  CodeFrame frame({1, 1, 2}, integer::make_coding({16, true, {1.0F}, {0}}, 1));
  std::vector<std::byte> codes(4);
  frame.from_floats(std::vector<float>{-32768, 5}, codes);
  uint16_t wire[2];
  std::memcpy(wire, codes.data(), sizeof wire);
  EXPECT_EQ(wire[0], 0);
  EXPECT_EQ(wire[1], 32773);
}

TEST(HailoPort, ScalesOfThePackageMustBeTheStreams) {
  const Shape shape{2, 1, 4};
  const Port port{"x", shape, integer::make_coding({8, false, {0.25F, 0.5F}, {3, 4}}, 2)};
  const StreamInfo stream = stream_of(shape, kUint8);
  const std::vector<QuantInfo> same{{3, 0.25F, 0, 0}, {4, 0.5F, 0, 0}};
  EXPECT_TRUE(agreed_coding(port, stream, same, "piece 'p'").has_value());
  std::vector<QuantInfo> other = same;
  other[1].qp_zp = 5;
  EXPECT_EQ(
      agreed_coding(port, stream, other, "piece 'p'").error().to_string(),
      "piece 'p': 'x' has scale 0.5 and zero point 4 (channel 1) in the package and scale 0.5 "
      "and zero point 5 in the stream 's' of its compiled file (compile the piece again with "
      "this package's scales)");
  EXPECT_EQ(agreed_coding(port, stream_of(shape, kUint16), same, "p").error().code,
            ErrorCode::kMismatch);
  EXPECT_EQ(agreed_coding(port, stream_of({2, 1, 5}, kUint8), same, "p").error().code,
            ErrorCode::kUnsupported);
  other[1].qp_scale = 0;
  EXPECT_EQ(agreed_coding(port, stream, other, "p").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(agreed_coding(port, stream, {}, "p").error().code, ErrorCode::kUnsupported);
}

TEST(HailoPort, WithoutAnEncodingOfThePackageTheStreamsOwnIsTaken) {
  const Shape shape{2, 1, 4};
  const Port port{"x", shape, {}};
  const std::vector<QuantInfo> one{{7, 0.25F, 0, 0}};
  const auto coding = agreed_coding(port, stream_of(shape, kUint8), one, "p").value();
  EXPECT_EQ(coding.scale, (std::vector<float>{0.25F, 0.25F}));
  EXPECT_EQ(coding.zero_point, (std::vector<int32_t>{7, 7}));
  EXPECT_EQ(coding.lowest, 0);
  EXPECT_EQ(coding.highest, 255);
}

}  // namespace
}  // namespace tessera::hailort
