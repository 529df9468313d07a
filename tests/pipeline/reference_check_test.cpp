// Outputs that no backend should give, beside the reference.
#include "tessera/separator.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tessera {
namespace {

using Outputs = std::vector<std::vector<float>>;

const Outputs kReference{{0.5F, -1.0F, 0.25F}};

std::string refusal(const Outputs& reference, const Outputs& outputs) {
  const Result<OutputDifference> result = compare_outputs(reference, outputs, "net.pth");
  return result ? "" : result.error().message;
}

TEST(OutputDifference, IsTheLargestAndThePeakIsTheReferences) {
  const OutputDifference difference =
      compare_outputs(kReference, Outputs{{0.5F, -1.00005F, 0.25F}}, "net.pth").value();
  EXPECT_NEAR(difference.max_abs, 5e-5, 1e-7);
  EXPECT_EQ(difference.peak, 1);
}

TEST(OutputDifference, BeyondTheToleranceItIsAMismatch) {
  EXPECT_EQ(refusal(kReference, {{0.5F, -1.5F, 0.25F}}),
            "differs from the reference backend by 0.5 at a peak of 1");
}

TEST(OutputDifference, OutputsOfOtherSizesAreAMismatch) {
  const std::string message = "has outputs of other sizes than on the reference backend";
  EXPECT_EQ(refusal(kReference, {{0.5F, -1.0F}}), message);
  EXPECT_EQ(refusal(kReference, {}), message);
}

TEST(OutputDifference, ANaNOnOneSideIsAMismatchThatNamesTheValue) {
  EXPECT_EQ(refusal(kReference, {{0.5F, -1.0F, NAN}}),
            "value 2 of output 0 is nan, on the reference backend 0.25");
  EXPECT_EQ(refusal({{0.5F, NAN, 0.25F}}, kReference),
            "value 1 of output 0 is -1, on the reference backend nan");
}

TEST(OutputDifference, AValueThatIsFiniteOnOneSideOnlyIsAMismatch) {
  EXPECT_EQ(refusal({{INFINITY, 1.0F}}, {{1.0F, 1.0F}}),
            "value 0 of output 0 is 1, on the reference backend inf");
}

TEST(OutputDifference, ValuesThatAreFiniteOnNeitherSideAreNoAgreement) {
  EXPECT_EQ(refusal({{NAN, 1.0F}}, {{NAN, 1.0F}}),
            "value 0 of output 0 is nan, on the reference backend nan: the network itself gives no "
            "number there");
  EXPECT_EQ(refusal({{1.0F, INFINITY}}, {{1.0F, INFINITY}}),
            "value 1 of output 0 is inf, on the reference backend inf: the network itself gives no "
            "number there");
}

}  // namespace
}  // namespace tessera
