#include "model/recognise/recognised.h"

namespace tessera {
namespace {

void expect_becomes(std::string_view before, std::string_view after) {
  test::expect_becomes(recognise_sources, before, after);
}
void expect_stays(std::string_view text) {
  test::expect_stays(recognise_sources, text);
}

TEST(RecogniseSources, AnActivationOfEverySourceStandsBeforeTheSlices) {
  expect_becomes(R"(%x = input() shape=[4,1,3] -> [4,1,3]
    %s1 = slice(%x) axis=c begin=0 end=2 -> [2,1,3]
    %s2 = slice(%x) axis=c begin=2 end=4 -> [2,1,3]
    %a1 = unary.sigmoid(%s1) -> [2,1,3]
    %a2 = unary.sigmoid(%s2) -> [2,1,3]
    output "a1" = %a1
    output "a2" = %a2)",
                 R"(%x = input() shape=[4,1,3] -> [4,1,3]
    %a = unary.sigmoid(%x) -> [4,1,3]
    %a1 = slice(%a) axis=c begin=0 end=2 -> [2,1,3]
    %a2 = slice(%a) axis=c begin=2 end=4 -> [2,1,3]
    output "a1" = %a1
    output "a2" = %a2)");
}

TEST(RecogniseSources, LeaveSourcesOfDifferentActivations) {
  expect_stays(R"(%x = input() shape=[4,1,3] -> [4,1,3]
    %s1 = slice(%x) axis=c begin=0 end=2 -> [2,1,3]
    %s2 = slice(%x) axis=c begin=2 end=4 -> [2,1,3]
    %a1 = unary.sigmoid(%s1) -> [2,1,3]
    %a2 = unary.relu(%s2) -> [2,1,3]
    output "a1" = %a1
    output "a2" = %a2)");
}

TEST(RecogniseSources, LeaveSlicesThatDoNotCoverTheValue) {
  expect_stays(R"(%x = input() shape=[4,1,3] -> [4,1,3]
    %s1 = slice(%x) axis=c begin=0 end=1 -> [1,1,3]
    %s2 = slice(%x) axis=c begin=2 end=4 -> [2,1,3]
    %a1 = unary.relu(%s1) -> [1,1,3]
    %a2 = unary.relu(%s2) -> [2,1,3]
    output "a1" = %a1
    output "a2" = %a2)");
}

TEST(RecogniseSources, MasksOfRepeatedFramesAreAProductPerSource) {
  expect_becomes(R"(%e = input() shape=[2,1,3] -> [2,1,3]
    %m = input() shape=[4,1,3] -> [4,1,3]
    %copies = concat(%e, %e) axis=c -> [4,1,3]
    %y = mul(%m, %copies) -> [4,1,3]
    output "y" = %y)",
                 R"(%e = input() shape=[2,1,3] -> [2,1,3]
    %m = input() shape=[4,1,3] -> [4,1,3]
    %m1 = slice(%m) axis=c begin=0 end=2 -> [2,1,3]
    %m2 = slice(%m) axis=c begin=2 end=4 -> [2,1,3]
    %p1 = mul(%m1, %e) -> [2,1,3]
    %p2 = mul(%m2, %e) -> [2,1,3]
    %y = concat(%p1, %p2) axis=c -> [4,1,3]
    output "y" = %y)");
}

TEST(RecogniseSources, LeaveProductsWithJoinedValuesThatDiffer) {
  expect_stays(R"(%e = input() shape=[2,1,3] -> [2,1,3]
    %m = input() shape=[4,1,3] -> [4,1,3]
    %z = unary.tanh(%e) -> [2,1,3]
    %both = concat(%e, %z) axis=c -> [4,1,3]
    %y = mul(%m, %both) -> [4,1,3]
    output "y" = %y)");
}

TEST(RecogniseSources, AGroupedDecoderOfJoinedSourcesIsOnePerSource) {
  expect_becomes(R"(%a = input() shape=[1,1,3] -> [1,1,3]
    %b = input() shape=[1,1,3] -> [1,1,3]
    %both = concat(%a, %b) axis=c -> [2,1,3]
    %y = conv_transpose(%both) weight=@w[2,1,1,2] stride=[1,2] groups=2 -> [2,1,6]
    output "y" = %y
    weights
    @w 4 values 1 2 3 4)",
                 R"(%a = input() shape=[1,1,3] -> [1,1,3]
    %b = input() shape=[1,1,3] -> [1,1,3]
    %ya = conv_transpose(%a) weight=@w1[1,1,1,2] stride=[1,2] -> [1,1,6]
    %yb = conv_transpose(%b) weight=@w2[1,1,1,2] stride=[1,2] -> [1,1,6]
    %y = concat(%ya, %yb) axis=c -> [2,1,6]
    output "y" = %y
    weights
    @w1 2 values 1 2
    @w2 2 values 3 4)");
}

TEST(RecogniseSources, LeaveADecoderWhoseGroupsAreNotTheSources) {
  expect_stays(R"(%a = input() shape=[1,1,3] -> [1,1,3]
    %b = input() shape=[3,1,3] -> [3,1,3]
    %both = concat(%a, %b) axis=c -> [4,1,3]
    %y = conv_transpose(%both) weight=@w[4,1,1,2] stride=[1,2] groups=2 -> [2,1,6]
    output "y" = %y
    weights
    @w 8 values 1 2 3 4 5 6 7 8)");
}

TEST(RecogniseSources, SourcesFittedAlikeAreJoinedFirst) {
  expect_becomes(R"(%a = input() shape=[1,1,3] -> [1,1,3]
    %b = input() shape=[1,1,3] -> [1,1,3]
    %pa = pad.zero(%a) padding=[0,0,0,2] -> [1,1,5]
    %pb = pad.zero(%b) padding=[0,0,0,2] -> [1,1,5]
    %y = concat(%pa, %pb) axis=c -> [2,1,5]
    output "y" = %y)",
                 R"(%a = input() shape=[1,1,3] -> [1,1,3]
    %b = input() shape=[1,1,3] -> [1,1,3]
    %both = concat(%a, %b) axis=c -> [2,1,3]
    %y = pad.zero(%both) padding=[0,0,0,2] -> [2,1,5]
    output "y" = %y)");
}

TEST(RecogniseSources, LeaveSourcesThatAreFittedDifferently) {
  expect_stays(R"(%a = input() shape=[1,1,3] -> [1,1,3]
    %b = input() shape=[1,1,3] -> [1,1,3]
    %pa = pad.zero(%a) padding=[0,0,0,2] -> [1,1,5]
    %pb = pad.zero(%b) padding=[0,0,1,1] -> [1,1,5]
    %y = concat(%pa, %pb) axis=c -> [2,1,5]
    output "y" = %y)");
}

}  // namespace
}  // namespace tessera
