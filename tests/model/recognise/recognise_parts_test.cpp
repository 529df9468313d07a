#include "model/recognise/recognised.h"

namespace tessera {
namespace {

void expect_becomes(std::string_view before, std::string_view after) {
  test::expect_becomes(recognise_parts, before, after);
}
void expect_stays(std::string_view text) {
  test::expect_stays(recognise_parts, text);
}

TEST(RecogniseParts, ASliceOfEverythingIsTheValue) {
  expect_becomes(R"(%x = input() shape=[2,1,6] -> [2,1,6]
    %all = slice(%x) axis=w begin=0 end=6 -> [2,1,6]
    %y = unary.tanh(%all) -> [2,1,6]
    output "y" = %y)",
                 R"(%x = input() shape=[2,1,6] -> [2,1,6]
    %y = unary.tanh(%x) -> [2,1,6]
    output "y" = %y)");
}

// Of 1, 3, 5, 7, 9 every second from the second: 3 and 7.
TEST(RecogniseParts, ASliceOfASliceIsOne) {
  expect_becomes(R"(%x = input() shape=[1,1,12] -> [1,1,12]
    %odd = slice(%x) axis=w begin=1 end=10 step=2 -> [1,1,5]
    %y = slice(%odd) axis=w begin=1 end=5 step=2 -> [1,1,2]
    output "y" = %y)",
                 R"(%x = input() shape=[1,1,12] -> [1,1,12]
    %y = slice(%x) axis=w begin=3 end=8 step=4 -> [1,1,2]
    output "y" = %y)");
}

TEST(RecogniseParts, ASliceInsideOnePartOfAJoinIsASliceOfThatPart) {
  expect_becomes(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %a = unary.tanh(%x) -> [2,1,4]
    %b = unary.relu(%x) -> [2,1,4]
    %both = concat(%a, %b) axis=c -> [4,1,4]
    %y = slice(%both) axis=c begin=3 end=4 -> [1,1,4]
    output "y" = %y)",
                 R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %b = unary.relu(%x) -> [2,1,4]
    %y = slice(%b) axis=c begin=1 end=2 -> [1,1,4]
    output "y" = %y)");
}

TEST(RecogniseParts, ASliceOfWholePartsJoinsThem) {
  expect_becomes(R"(%x = input() shape=[1,1,4] -> [1,1,4]
    %a = unary.tanh(%x) -> [1,1,4]
    %b = unary.relu(%x) -> [1,1,4]
    %c = unary.abs(%x) -> [1,1,4]
    %all = concat(%a, %b, %c) axis=c -> [3,1,4]
    %y = slice(%all) axis=c begin=1 end=3 -> [2,1,4]
    output "y" = %y)",
                 R"(%x = input() shape=[1,1,4] -> [1,1,4]
    %b = unary.relu(%x) -> [1,1,4]
    %c = unary.abs(%x) -> [1,1,4]
    %y = concat(%b, %c) axis=c -> [2,1,4]
    output "y" = %y)");
}

TEST(RecogniseParts, AJoinOfAJoinIsOne) {
  expect_becomes(R"(%x = input() shape=[1,1,4] -> [1,1,4]
    %a = unary.tanh(%x) -> [1,1,4]
    %b = unary.relu(%x) -> [1,1,4]
    %inner = concat(%a, %b) axis=c -> [2,1,4]
    %y = concat(%inner, %x) axis=c -> [3,1,4]
    output "y" = %y)",
                 R"(%x = input() shape=[1,1,4] -> [1,1,4]
    %a = unary.tanh(%x) -> [1,1,4]
    %b = unary.relu(%x) -> [1,1,4]
    %y = concat(%a, %b, %x) axis=c -> [3,1,4]
    output "y" = %y)");
}

TEST(RecogniseParts, NeighbouringSlicesJoinedAgainAreOne) {
  expect_becomes(R"(%x = input() shape=[4,1,3] -> [4,1,3]
    %a = slice(%x) axis=c begin=1 end=2 -> [1,1,3]
    %b = slice(%x) axis=c begin=2 end=4 -> [2,1,3]
    %y = concat(%a, %b) axis=c -> [3,1,3]
    output "y" = %y)",
                 R"(%x = input() shape=[4,1,3] -> [4,1,3]
    %y = slice(%x) axis=c begin=1 end=4 -> [3,1,3]
    output "y" = %y)");
}

TEST(RecogniseParts, LeaveASliceAlongAnotherAxisThanTheJoins) {
  expect_stays(R"(%x = input() shape=[1,1,4] -> [1,1,4]
    %a = unary.tanh(%x) -> [1,1,4]
    %both = concat(%a, %x) axis=c -> [2,1,4]
    %y = slice(%both) axis=w begin=0 end=2 -> [2,1,2]
    output "y" = %y)");
}

TEST(RecogniseParts, LeaveASliceAcrossTwoPartsOfAJoin) {
  expect_stays(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %a = unary.tanh(%x) -> [2,1,4]
    %both = concat(%a, %x) axis=c -> [4,1,4]
    %y = slice(%both) axis=c begin=1 end=3 -> [2,1,4]
    output "y" = %y)");
}

TEST(RecogniseParts, LeaveAJoinThatSomethingElseReads) {
  expect_stays(R"(%x = input() shape=[1,1,4] -> [1,1,4]
    %a = unary.tanh(%x) -> [1,1,4]
    %inner = concat(%a, %x) axis=c -> [2,1,4]
    %y = concat(%inner, %x) axis=c -> [3,1,4]
    output "y" = %y
    output "inner" = %inner)");
}

TEST(RecogniseParts, LeaveSlicesInAnotherOrder) {
  expect_stays(R"(%x = input() shape=[4,1,3] -> [4,1,3]
    %a = slice(%x) axis=c begin=0 end=2 -> [2,1,3]
    %b = slice(%x) axis=c begin=2 end=4 -> [2,1,3]
    %y = concat(%b, %a) axis=c -> [4,1,3]
    output "y" = %y)");
}

}  // namespace
}  // namespace tessera
