// Bodies of several parts: as browsers and curl send them, and everything else.
#include "serve/multipart.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

const std::string kBody =
    "--xyz\r\nContent-Disposition: form-data; name=\"recording\"; filename=\"a \\\"b\\\".wav\"\r\n"
    "Content-Type: Audio/WAV; foo=1\r\n\r\nRIFF\r\n--xy\r\n\r\n--xyz\r\n"
    "content-disposition:form-data;name=note\r\n\r\n\r\n--xyz--\r\n";

TEST(Multipart, ReadsNamesTypesAndBytes) {
  const auto parts = read_multipart(kBody, "xyz");
  ASSERT_TRUE(parts) << parts.error().to_string();
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].name, "recording");
  EXPECT_EQ((*parts)[0].file_name, "a \"b\".wav");
  EXPECT_EQ((*parts)[0].content_type, "audio/wav");
  EXPECT_EQ((*parts)[0].body, "RIFF\r\n--xy\r\n");  // what looks like a boundary and is none
  EXPECT_EQ((*parts)[1].name, "note");
  EXPECT_EQ((*parts)[1].body, "");
}

TEST(Multipart, ReadsWhatItWrites) {
  const std::vector<MultipartPart> parts{
      {"voice_1", "voice_1.wav", "audio/wav", std::string_view("a\0b\r\n--", 7)},
      {"separation", "", "application/json", "{}"}};
  const std::string boundary = free_boundary(parts);
  const std::string body = write_multipart(parts, boundary);
  const auto again = read_multipart(body, boundary);
  ASSERT_TRUE(again) << again.error().to_string();
  ASSERT_EQ(again->size(), parts.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ((*again)[i].name, parts[i].name);
    EXPECT_EQ((*again)[i].file_name, parts[i].file_name);
    EXPECT_EQ((*again)[i].content_type, parts[i].content_type);
    EXPECT_EQ((*again)[i].body, parts[i].body);
  }
}

TEST(Multipart, FindsABoundaryThatTheBytesDoNotHold) {
  std::vector<MultipartPart> parts{{"a", "", "", "x"}};
  const std::string first = free_boundary(parts);
  const std::string hostile = "x" + first;
  parts[0].body = hostile;
  EXPECT_EQ(hostile.find(free_boundary(parts)), std::string::npos);
}

TEST(Multipart, RefusesEveryPrefixOfABody) {
  // Two bytes less are still whole: only the line end behind the last boundary is missing.
  for (size_t size = 0; size + 2 < kBody.size(); ++size) {
    const auto parts = read_multipart(std::string_view(kBody).substr(0, size), "xyz");
    ASSERT_FALSE(parts) << size;
    EXPECT_EQ(parts.error().code, ErrorCode::kCorrupt) << size;
  }
}

TEST(Multipart, BoundsPartsAndHeaders) {
  std::string many;
  for (int i = 0; i < 17; ++i) many += "--b\r\n\r\nx\r\n";
  const auto parts = read_multipart(many + "--b--", "b");
  ASSERT_FALSE(parts);
  EXPECT_EQ(parts.error().code, ErrorCode::kResourceLimit);
  const auto long_line =
      read_multipart("--b\r\nX: " + std::string(5000, 'x') + "\r\n\r\n\r\n--b--", "b");
  ASSERT_FALSE(long_line);
  EXPECT_EQ(long_line.error().code, ErrorCode::kResourceLimit);
  std::string lines = "--b\r\n";
  for (int i = 0; i < 40; ++i) lines += "X: y\r\n";
  EXPECT_FALSE(read_multipart(lines + "\r\n\r\n--b--", "b"));
  EXPECT_FALSE(
      read_multipart("--b\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--", "b"));
}

TEST(Multipart, TakesBoundariesThatTheStandardAllows) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc").value(), "abc");
  EXPECT_EQ(multipart_boundary("multipart/form-data; charset=utf-8; Boundary=\"a b\"; x=y").value(),
            "a b");
  for (const std::string type :
       {"multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=\"a\nb\"", "multipart/form-data; x; boundary"}) {
    EXPECT_FALSE(multipart_boundary(type)) << type;
  }
  EXPECT_FALSE(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'b')));
}

}  // namespace
}  // namespace tessera
