#include "deploy/release.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/hash.h"
#include "support/scratch_folder.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The head of an ELF file for `machine`, enough to tell it by.
void write_program(const fs::path& path, uint8_t machine) {
  std::string bytes(64, '\0');
  bytes.replace(0, 4,
                "\x7f"
                "ELF");
  bytes[18] = static_cast<char>(machine);
  std::ofstream(path, std::ios::binary) << bytes;
}

class Releases : public testing::Test {
 protected:
  Releases() {
    write_program(scratch_ / "program", 183);
    options_.program = scratch_ / "program";
    options_.models = {{"motion", fs::path(TESSERA_SOURCE_DIR) / "models/motion/motion_tcn.pth"}};
    options_.serve_options = "--workers 2";
    options_.folder = "/opt/tessera";
    options_.id = "20260101T000000Z-00000000";
    options_.version = "1.2.3";
  }
  ErrorCode refusal() {
    const auto made = assemble_release(options_, scratch_ / "refused");
    EXPECT_FALSE(made);
    return made ? ErrorCode::kCancelled : made.error().code;
  }

  ScratchFolder scratch_;
  ReleaseOptions options_;
};

TEST_F(Releases, HoldEverythingThatAServiceNeeds) {
  const auto made = assemble_release(options_, scratch_ / "release");
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_EQ(made->machine, "aarch64");
  const fs::path folder = scratch_ / "release";
  EXPECT_EQ(text_of(folder / "serve.conf"),
            "MODELS=motion=/opt/tessera/current/models/motion.pth\nOPTIONS=--workers 2\n");
  EXPECT_EQ(text_of(folder / "models/motion.pth"), text_of(options_.models[0].path));
  EXPECT_EQ(fs::status(folder / "bin/tessera").permissions() & fs::perms::owner_exec,
            fs::perms::owner_exec);
  const std::string unit = text_of(folder / "tessera.service");
  EXPECT_NE(unit.find("ExecStart=/opt/tessera/current/bin/tessera serve"), std::string::npos);
  EXPECT_NE(unit.find("EnvironmentFile=/opt/tessera/current/serve.conf"), std::string::npos);
  EXPECT_EQ(unit.find("/usr/bin/tessera"), std::string::npos);
  const auto record = nlohmann::json::parse(text_of(folder / "release.json"));
  const std::string model = text_of(options_.models[0].path);
  EXPECT_EQ(record["models"][0]["hash"], content_hash(model));
  EXPECT_EQ(made->models[0].second, content_hash(model));
  // As sha256sum, which checks it there.
  const std::string check = "cd '" + folder.string() + "' && sha256sum -c --quiet SHA256SUMS";
  EXPECT_EQ(std::system(check.c_str()), 0);
}

TEST_F(Releases, OfTheSamePartsHaveTheSameBytes) {
  ASSERT_TRUE(assemble_release(options_, scratch_ / "a"));
  ASSERT_TRUE(assemble_release(options_, scratch_ / "b"));
  EXPECT_EQ(text_of(scratch_ / "a/SHA256SUMS"), text_of(scratch_ / "b/SHA256SUMS"));
}

TEST_F(Releases, RefuseWhatCannotRun) {
  options_.program = options_.models[0].path;
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
  write_program(scratch_ / "other", 40);  // 32 bit Arm
  options_.program = scratch_ / "other";
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
  options_.program = scratch_ / "nowhere";
  EXPECT_EQ(refusal(), ErrorCode::kNotFound);
}

TEST_F(Releases, RefuseModelsThatCannotBeOpenedOrTold) {
  options_.models.push_back(options_.models[0]);
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
  std::ofstream(scratch_ / "bad.pth") << "damaged";
  options_.models = {{"bad", scratch_ / "bad.pth"}};
  EXPECT_EQ(refusal(), ErrorCode::kUnsupported);
}

TEST_F(Releases, RefuseOptionsThatWouldBecomeOtherLinesOfTheConfiguration) {
  options_.serve_options = "--workers 2\nMODELS=/etc/passwd";
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera
