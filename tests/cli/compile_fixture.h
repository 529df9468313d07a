// A small quantised package, and the tool that sends it through the stand-in of the vendor's
// compiler.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/npy.h"
#include "cli/tool.h"

namespace tessera {

class CliCompile : public ::testing::Test {
 protected:
  CliCompile() {
    const Outcome built = tessera_tool(
        {"build", TESSERA_SOURCE_DIR "/tests/data/options/out_chan_1_src_1_skip_none.pth",
         "--length", "400", "--quantize", "int16", "--calib", wave(), "-o", path("net.tess")});
    EXPECT_EQ(built.code, 0) << built.err;
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // Something to hear, of the network's length.
  std::string wave() const {
    std::vector<float> values(8 * 400);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>((i * 37) % 101) / 101.0F - 0.5F;
    const int64_t dims[] = {8, 1, 400};
    EXPECT_TRUE(write_npy(path("wave.npy"), dims, values, {.force = true}));
    return path("wave.npy");
  }

  void rules(const std::string& text) const { std::ofstream(path("rules")) << text; }

  std::vector<std::string> compile_words(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"DFC_STAND_IN_RULES=" + path("rules"),
                                      "DFC_STAND_IN_CALLS=" + path("calls"),
                                      TESSERA_CLI,
                                      "compile",
                                      path("net.tess"),
                                      "--calib",
                                      wave(),
                                      "-o",
                                      path("out.tess"),
                                      "--dfc",
                                      TESSERA_SOURCE_DIR "/tests/dfc_stand_in/hailo",
                                      "--jobs",
                                      "4"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Outcome compile(const std::vector<std::string>& more = {}) const {
    return run_program("env", compile_words(more), folder_.path());
  }

  int calls() const {
    std::ifstream file(path("calls"));
    int lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    return lines;
  }

  ScratchFolder folder_;
};

}  // namespace tessera
