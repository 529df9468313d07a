#include "base/npy.h"

#include <cmath>

#include <gtest/gtest.h>

#include "support/scratch_folder.h"

namespace tessera {
namespace {

// A version 1 file: this header text and these bytes.
std::vector<uint8_t> npy(std::string header, std::vector<uint8_t> data = {}, uint8_t version = 1) {
  std::vector<uint8_t> bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', version, 0};
  header += '\n';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) {
    bytes.push_back(static_cast<uint8_t>(header.size() >> (8 * i)));
  }
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

std::string header(std::string_view descr, std::string_view shape, bool fortran = false) {
  return "{'descr': '" + std::string(descr) +
         "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + std::string(shape) + ", }";
}

std::vector<float> values_of(const std::vector<uint8_t>& bytes) {
  const auto array = parse_npy(bytes, "x.npy");
  EXPECT_TRUE(array) << array.error().to_string();
  return array ? array->values : std::vector<float>{};
}

std::string refusal(const std::vector<uint8_t>& bytes) {
  const auto array = parse_npy(bytes, "x.npy");
  return array ? "accepted" : array.error().to_string();
}

using Values = std::vector<float>;

TEST(Npy, RoundTripsByFile) {
  const ScratchFolder folder;
  const std::vector<int64_t> dims = {2, 3};
  const Values values = {1, -2, 3.5F, 0, 1e-30F, 7};
  ASSERT_TRUE(write_npy(folder / "a.npy", dims, values));
  const auto array = read_npy(folder / "a.npy");
  ASSERT_TRUE(array) << array.error().to_string();
  EXPECT_EQ(array->dims, dims);
  EXPECT_EQ(array->values, values);
  EXPECT_EQ(array->dtype, "<f4");
}

// numpy 1.24: io.BytesIO; np.save(f, np.float32([1.5])); f.getvalue()[:128]
TEST(Npy, WritesWhatNumpyWrites) {
  std::string expected("\x93NUMPY\x01\x00v\x00", 10);
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
  expected.append(128 - expected.size() - 1, ' ');
  expected += '\n';
  expected += std::string("\x00\x00\xc0\x3f", 4);
  const std::vector<int64_t> dims = {1};
  const Values values = {1.5F};
  const auto bytes = format_npy(dims, values);
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), expected);
}

TEST(Npy, RoundTripsAScalarAndAnEmptyArray) {
  for (const std::vector<int64_t>& dims : {std::vector<int64_t>{}, std::vector<int64_t>{3, 0}}) {
    const Values values(dims.empty() ? 1 : 0, 2.0F);
    const auto array = parse_npy(format_npy(dims, values), "x.npy");
    ASSERT_TRUE(array) << array.error().to_string();
    EXPECT_EQ(array->dims, dims);
    EXPECT_EQ(array->values, values);
  }
}

TEST(Npy, ReadsEveryIntegerType) {
  EXPECT_EQ(values_of(npy(header("|i1", "(2,)"), {0xff, 0x7f})), (Values{-1, 127}));
  EXPECT_EQ(values_of(npy(header("|u1", "(2,)"), {0xff, 0x7f})), (Values{255, 127}));
  EXPECT_EQ(values_of(npy(header("|b1", "(2,)"), {0, 1})), (Values{0, 1}));
  EXPECT_EQ(values_of(npy(header("<i2", "(1,)"), {0xfe, 0xff})), (Values{-2}));
  EXPECT_EQ(values_of(npy(header("<u2", "(1,)"), {0xfe, 0xff})), (Values{65534}));
  EXPECT_EQ(values_of(npy(header("<i4", "(1,)"), {0xfe, 0xff, 0xff, 0xff})), (Values{-2}));
  EXPECT_EQ(values_of(npy(header("<i8", "(1,)"), {0, 0, 1, 0, 0, 0, 0, 0})), (Values{65536}));
  EXPECT_EQ(values_of(npy(header("<u8", "(1,)"), {0, 0, 0, 0, 0, 0, 0, 0x80})),
            (Values{9223372036854775808.0F}));
}

TEST(Npy, ReadsBigEndian) {
  EXPECT_EQ(values_of(npy(header(">i2", "(1,)"), {0x01, 0x02})), (Values{258}));
  EXPECT_EQ(values_of(npy(header(">f4", "(1,)"), {0x3f, 0xc0, 0, 0})), (Values{1.5F}));
}

TEST(Npy, ReadsHalfAndDouble) {
  // 1.5, -2^-24 (smallest subnormal), 65504 (largest), infinity
  const std::vector<uint8_t> halves = {0x00, 0x3e, 0x01, 0x80, 0xff, 0x7b, 0x00, 0x7c};
  EXPECT_EQ(values_of(npy(header("<f2", "(4,)"), halves)),
            (Values{1.5F, -std::ldexp(1.0F, -24), 65504.0F, INFINITY}));
  EXPECT_TRUE(std::isnan(values_of(npy(header("<f2", "(1,)"), {0x01, 0x7e}))[0]));
  EXPECT_EQ(values_of(npy(header("<f8", "(1,)"), {0, 0, 0, 0, 0, 0, 0xf8, 0x3f})), (Values{1.5F}));
}

TEST(Npy, ReadsFortranOrder) {
  // [[1, 2, 3], [4, 5, 6]] stored column by column
  EXPECT_EQ(values_of(npy(header("|i1", "(2, 3)", true), {1, 4, 2, 5, 3, 6})),
            (Values{1, 2, 3, 4, 5, 6}));
}

TEST(Npy, ReadsVersions2And3AndPython2Sizes) {
  EXPECT_EQ(values_of(npy(header("|i1", "(1,)"), {7}, 2)), (Values{7}));
  EXPECT_EQ(values_of(npy(header("|i1", "(1,)"), {7}, 3)), (Values{7}));
  EXPECT_EQ(values_of(npy(header("|i1", "(1L, 1L)"), {7})), (Values{7}));
}

TEST(NpyRefuses, AMissingFile) {
  const auto array = read_npy("missing.npy");
  ASSERT_FALSE(array);
  EXPECT_EQ(array.error().to_string(), "missing.npy: no such file or directory (check the path)");
}

TEST(NpyRefuses, AnEmptyFile) {
  EXPECT_EQ(refusal({}), "x.npy: is empty (0 bytes) (write it again with numpy.save)");
}

TEST(NpyRefuses, AnotherFormat) {
  EXPECT_EQ(refusal(std::vector<uint8_t>(100, 'R')),
            "x.npy: is not a .npy file (write it again with numpy.save)");
}

TEST(NpyRefuses, AnUnknownVersion) {
  EXPECT_EQ(refusal(npy(header("<f4", "(0,)"), {}, 9)),
            "x.npy: .npy version 9 is not known; 1 to 3 are (write it again with numpy.save)");
}

TEST(NpyRefuses, TruncatedHeaderAndValues) {
  auto bytes = npy(header("<f4", "(2,)"), std::vector<uint8_t>(8));
  const std::vector<uint8_t> in_header(bytes.begin(), bytes.begin() + 20);
  EXPECT_EQ(refusal(in_header), "x.npy: ends within its header (write it again with numpy.save)");
  bytes.pop_back();
  EXPECT_EQ(refusal(bytes),
            "x.npy: holds 7 bytes of values, its header says [2] of <f4"
            " (write it again with numpy.save)");
}

TEST(NpyRefuses, TrailingBytes) {
  EXPECT_EQ(refusal(npy(header("|i1", "(2,)"), {1, 2, 3})),
            "x.npy: holds 3 bytes of values, its header says [2] of |i1"
            " (write it again with numpy.save)");
}

TEST(NpyRefuses, SizesThatOverflow) {
  EXPECT_EQ(refusal(npy(header("<f4", "(4611686018427387904, 4)"), {})),
            "x.npy: holds 0 bytes of values, its header says [4611686018427387904, 4] of <f4"
            " (write it again with numpy.save)");
}

TEST(NpyRefuses, NegativeSizes) {
  EXPECT_EQ(refusal(npy(header("<f4", "(-1,)"), {})),
            "x.npy: has a broken .npy header: 'shape' holds something else than sizes"
            " (write it again with numpy.save)");
}

TEST(NpyRefuses, PickledObjects) {
  EXPECT_EQ(refusal(npy(header("|O", "(1,)"), {1, 2, 3})),
            "x.npy: holds pickled Python objects, which could run code"
            " (save plain numbers: numpy.save(path, array.astype('float32')))");
}

TEST(NpyRefuses, ComplexValuesAndRecords) {
  EXPECT_EQ(refusal(npy(header("<c8", "(1,)"), std::vector<uint8_t>(8))),
            "x.npy: holds values of type '<c8', which is not read"
            " (convert it with array.astype('float32'))");
  EXPECT_EQ(refusal(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }")),
            "x.npy: holds records with named fields (save one field: numpy.save(path, "
            "array['name']))");
}

TEST(NpyRefuses, BrokenHeaders) {
  const std::string tail = " (write it again with numpy.save)";
  const std::string head = "x.npy: has a broken .npy header: ";
  EXPECT_EQ(refusal(npy("import os")), head + "it is not a dictionary" + tail);
  EXPECT_EQ(refusal(npy("{'descr': '<f4'")), head + "a comma is missing" + tail);
  EXPECT_EQ(refusal(npy("{'descr': '<f4', }")),
            head + "'descr', 'fortran_order' or 'shape' is missing" + tail);
  EXPECT_EQ(refusal(npy("{'evil': '<f4', }")),
            head + "key 'evil' is unknown or given twice" + tail);
  EXPECT_EQ(refusal(npy(header("<f4", "(1,)") + "x")),
            head + "something follows the dictionary" + tail);
  EXPECT_EQ(refusal(npy(header("<f4", "7"))), head + "'shape' is not a tuple" + tail);
}

TEST(Npy, AFileWithValuesThatAreNoNumbersIsRefusedWithThePlaceOfTheFirst) {
  const ScratchFolder folder;
  std::vector<float> values(12, 1.0F);
  values[7] = std::nanf("");
  values[9] = HUGE_VALF;
  ASSERT_TRUE(write_npy(folder / "x.npy", std::vector<int64_t>{3, 4}, values).has_value());
  const auto array = read_npy(folder / "x.npy");
  ASSERT_FALSE(array.has_value());
  EXPECT_EQ(array.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(array.error().message,
            "2 of its 12 values are NaN, infinite or beyond float32, the first at [1, 3]");
}

}  // namespace
}  // namespace tessera
