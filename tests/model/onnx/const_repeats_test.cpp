// Arrays that repeat are what their elements written out are, whatever is done to them, and hold
// only what is repeated.
#include <gtest/gtest.h>

#include <random>

#include "model/onnx/const_array.h"
#include "model/onnx/fold.h"

namespace tessera::onnx_import {
namespace {

ConstArray counted(Dims dims, float first) {
  int64_t count = 1;
  for (int64_t d : dims) count *= d;
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(first + static_cast<float>(i));
  return ConstArray::reals(std::move(dims), std::move(values));
}

ConstArray written_out(const ConstArray& x) {
  std::vector<float> values;
  for (int64_t i = 0; i < x.size(); ++i) values.push_back(static_cast<float>(x.real_at(i)));
  return ConstArray::reals(x.dims(), std::move(values));
}

void expect_equal(const Result<ConstArray>& a, const Result<ConstArray>& b) {
  ASSERT_TRUE(a) << a.error().to_string();
  ASSERT_TRUE(b) << b.error().to_string();
  ASSERT_EQ(a->dims(), b->dims());
  for (int64_t i = 0; i < a->size(); ++i) ASSERT_EQ(a->real_at(i), b->real_at(i)) << i;
}

struct Random {
  std::mt19937 engine{7};
  int64_t upto(int64_t most) { return std::uniform_int_distribution<int64_t>(0, most)(engine); }
  ConstArray repeated(const Dims& dims) {
    Dims core = dims;
    for (int64_t& d : core) d = upto(1) == 0 ? 1 : d;
    auto x = expand(counted(core, static_cast<float>(upto(50))), dims);
    EXPECT_TRUE(x);
    return *x;
  }
};

TEST(RepeatedArray, IsWhatItsElementsAreUnderEveryPiece) {
  Random random;
  for (int round = 0; round < 200; ++round) {
    const Dims dims = {1 + random.upto(3), 2 + random.upto(2), 2 + random.upto(4)};
    const ConstArray x = random.repeated(dims);
    const ConstArray y = random.repeated(dims);
    const ConstArray plain_x = written_out(x);
    const ConstArray plain_y = written_out(y);
    const Dims perm = {2, 0, 1};
    expect_equal(transpose(x, perm), transpose(plain_x, perm));
    const auto axis = static_cast<size_t>(random.upto(2));
    const int64_t begin = random.upto(dims[axis] - 1);
    const int64_t count = 1 + (dims[axis] - 1 - begin) / 2;
    expect_equal(slice(x, axis, begin, count, 2), slice(plain_x, axis, begin, count, 2));
    expect_equal(concat(std::vector{x, y}, axis), concat(std::vector{plain_x, plain_y}, axis));
    expect_equal(fold_binary("Mul", x, y), fold_binary("Mul", plain_x, plain_y));
    expect_equal(fold_binary("Less", x, y), fold_binary("Less", plain_x, plain_y));
    expect_equal(fold_unary("Sqrt", x), fold_unary("Sqrt", plain_x));
    const auto condition = fold_binary("Greater", x, y);
    expect_equal(fold_where(*condition, x, y), fold_where(*condition, plain_x, plain_y));
    const Dims flat = {dims[0] * dims[1], dims[2]};
    expect_equal(transpose(x.reshaped(flat), Dims{1, 0}),
                 transpose(plain_x.reshaped(flat), Dims{1, 0}));
    Dims longer = dims;
    longer.insert(longer.begin(), 3);
    expect_equal(expand(x, longer), expand(plain_x, longer));
    const ConstArray small = plain_x.shrunk();
    expect_equal(expand(small, dims), plain_x);
    EXPECT_EQ(small.dims(), x.shrunk().dims());
  }
}

TEST(RepeatedArray, HoldsWhatIsRepeatedOnce) {
  const auto x = expand(counted({512, 1}, 1), {512, 1'000'000});
  ASSERT_TRUE(x);
  EXPECT_EQ(x->size(), 512'000'000);
  EXPECT_EQ(x->stored_size(), 512);
  const auto y = fold_binary("Mul", *x, *x);
  ASSERT_TRUE(y);
  EXPECT_EQ(y->stored_size(), 512);
  const auto z = fold_unary("Neg", y->reshaped({1, 512, 1'000'000}));
  ASSERT_TRUE(z);
  EXPECT_EQ(z->shrunk().dims(), (Dims{1, 512, 1}));
}

TEST(RepeatedArray, ShrinksOnlyWhereEveryBitAgrees) {
  const ConstArray zeros = ConstArray::reals({2, 2}, std::vector<float>{0.0F, -0.0F, 1.0F, 1.0F});
  EXPECT_EQ(zeros.shrunk().dims(), (Dims{2, 2}));
  const ConstArray rows = ConstArray::reals({2, 2}, std::vector<float>{3, 3, 1, 1});
  EXPECT_EQ(rows.shrunk().dims(), (Dims{2, 1}));
}

}  // namespace
}  // namespace tessera::onnx_import
