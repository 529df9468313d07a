#include "sweep/case_calibration.h"

#include <gtest/gtest.h>

#include "base/npy.h"
#include "support/zip_builder.h"
#include "sweep_fixture.h"

namespace tessera::test {
namespace {

// Values 0, 1, 2, ... of these dimensions.
std::vector<uint8_t> counting(const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return format_npy(dims, values);
}

Parameters of_file(const std::string& name) {
  Parameters parameters;
  parameters.set("calib_npz", name);
  return parameters;
}

Result<std::optional<CaseCalibration>> read_array(const std::vector<int64_t>& dims) {
  const ScratchFolder folder;
  const std::vector<uint8_t> bytes = counting(dims);
  std::ofstream(folder / "c.npy", std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return read_case_calibration(of_file("c.npy"), folder.path());
}

TEST(CaseCalibration, IsReadInEveryLayout) {
  struct Layout {
    std::vector<int64_t> dims;
    int64_t samples, channels, frames;
  };
  for (const Layout& one : {Layout{{3, 8}, 3, 1, 8}, Layout{{3, 1, 8}, 3, 1, 8},
                            Layout{{3, 1, 1, 8}, 3, 1, 8}, Layout{{3, 1, 8, 2}, 3, 2, 8}}) {
    const auto made = read_array(one.dims);
    ASSERT_TRUE(made) << dims_to_string(one.dims);
    EXPECT_EQ((*made)->samples, one.samples);
    EXPECT_EQ((*made)->channels, one.channels);
    EXPECT_EQ((*made)->frames, one.frames);
  }
  // Channels come last in the file and first in a network.
  EXPECT_EQ((*read_array({1, 1, 3, 2}).value()).values, (std::vector<float>{0, 2, 4, 1, 3, 5}));
}

TEST(CaseCalibration, OtherLayoutsAreRefusedWithThoseThatAreRead) {
  for (const std::vector<int64_t>& dims :
       {std::vector<int64_t>{8}, {3, 2, 8}, {3, 2, 8, 2}, {1, 1, 1, 1, 8}, {0, 8}}) {
    const auto made = read_array(dims);
    ASSERT_FALSE(made) << dims_to_string(dims);
    EXPECT_EQ(made.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(made.error().hint.find("(N, 1, T, C)"), std::string::npos);
  }
}

CaseCalibration one_to_four() {
  CaseCalibration made;
  made.source = "c.npz";
  made.samples = 1, made.channels = 1, made.frames = 4;
  made.values = {1, 2, 3, 4};
  return made;
}

TEST(CaseCalibration, AnotherLengthIsChangedAsThePolicySaysWithANote) {
  EXPECT_EQ(fitted(one_to_four(), {1, 1, 6}, "pad")->values,
            (std::vector<float>{1, 2, 3, 4, 0, 0}));
  EXPECT_EQ(fitted(one_to_four(), {1, 1, 6}, "repeat")->values,
            (std::vector<float>{1, 2, 3, 4, 1, 2}));
  for (const char* policy : {"pad", "repeat", "crop"}) {
    const auto made = fitted(one_to_four(), {1, 1, 2}, policy);
    EXPECT_EQ(made->values, (std::vector<float>{1, 2}));
    ASSERT_EQ(made->notes.size(), 1U);
    EXPECT_EQ(made->notes[0], "warning: calibration of 4 frames was cut to 2");
  }
  EXPECT_FALSE(fitted(one_to_four(), {1, 1, 6}, "crop"));
  EXPECT_FALSE(fitted(one_to_four(), {1, 1, 6}, "error"));
  EXPECT_FALSE(fitted(one_to_four(), {1, 1, 2}, "error"));
  EXPECT_TRUE(fitted(one_to_four(), {1, 1, 4}, "error")->notes.empty());
}

TEST(CaseCalibration, AnotherNumberOfChannelsIsAnErrorWhateverThePolicy) {
  for (const char* policy : {"pad", "repeat", "crop", "error"}) {
    const auto made = fitted(one_to_four(), {128, 1, 4}, policy);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::kMismatch);
    EXPECT_EQ(made.error().message, "calibration has 1 channels, the network takes 128");
  }
}

TEST(CaseCalibration, AFileThatIsMissingFailsTheCaseBeforeItIsCompiled) {
  const ScratchFolder folder;
  SweepDefinition definition =
      parse_sweep(
          "name = \"x\"\n[[case]]\nname = \"a\"\nnetwork = \"sigmoid\"\nwidth = 64\ncalib_npz = "
          "\"none.npz\"\n",
          "x")
          .value();
  definition.folder = folder.path();
  const SweepRun run = run_of(definition, folder / "run");
  const SweepOutcome outcome = run_all(run);
  EXPECT_EQ(outcome.cases.at(0).har, StepOutcome::passed);
  EXPECT_EQ(outcome.cases.at(0).failure->family, "bad_inputs_shape");
  EXPECT_FALSE(std::filesystem::exists(run.case_folder("a") / "placement.json"));
}

}  // namespace
}  // namespace tessera::test
