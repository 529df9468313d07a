// What the library calls an option is told as the flag that sets it.
#include "cli/option_names.h"

#include <gtest/gtest.h>

namespace tessera::cli {
namespace {

TEST(OptionNames, BecomeFlagsWhereverTheyStand) {
  EXPECT_EQ(in_flags("taking 8000 Hz (SeparatorOptions::sample_rate sets it)"),
            "taking 8000 Hz (--sample-rate sets it)");
  EXPECT_EQ(in_flags("give ChannelPolicy::Kind::kMix for their mean, or "
                     "ChannelPolicy::Kind::kPick for the first"),
            "give --channel mix for their mean, or --channel 1 for the first");
  EXPECT_EQ(in_flags("ChannelPolicy"), "--channel");
  EXPECT_EQ(in_flags(""), "");
  EXPECT_EQ(in_flags("no option at all"), "no option at all");
}

TEST(OptionNames, AreToldInEveryPartOfAnError) {
  const Error error =
      in_flags(TESSERA_ERROR(kInvalidArgument, "SeparatorOptions::sample_rate",
                             "ImportOptions::model_args is not empty", "see tessera::build()"));
  EXPECT_EQ(error.subject, "--sample-rate");
  EXPECT_EQ(error.message, "--model-arg is not empty");
  EXPECT_EQ(error.hint, "see 'tessera build'");
}

}  // namespace
}  // namespace tessera::cli
