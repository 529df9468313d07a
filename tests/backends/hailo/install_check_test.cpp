// What tessera doctor tells of a Hailo device, its runtime and its compiler.
#include "backends/hailo/install_check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "hailort_stand_in/fixture.h"
#include "support/scratch_folder.h"

namespace tessera::hailort {
namespace {

namespace fs = std::filesystem;
using State = InstallItem::State;

class HailoInstall : public ::testing::Test {
 protected:
  void put(const std::string& file, const std::string& text) const {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }
  std::vector<InstallItem> check() const {
    return check_install({folder_.path(), (folder_ / "env/bin").string(), true});
  }
  InstallItem item(const std::string& name) const {
    for (InstallItem& item : check()) {
      if (item.name == name) return item;
    }
    ADD_FAILURE() << "no item " << name;
    return {};
  }

  ScratchFolder folder_;
};

TEST_F(HailoInstall, OfNothingTellsOfEachItemHowToGetIt) {
  const stand_in::Variable none("TESSERA_HAILORT", "/nowhere/libhailort.so");
  const auto items = check();
  ASSERT_EQ(items.size(), 8U);
  for (const InstallItem& item : items) {
    EXPECT_NE(item.state, State::found) << item.name;
    EXPECT_NE(item.detail, "") << item.name;
    EXPECT_NE(item.next_step, "") << item.name;
  }
}

TEST_F(HailoInstall, OfAllThatIsNeededIsFound) {
  const stand_in::Variable library("TESSERA_HAILORT", TESSERA_STAND_IN);
  put("sys/bus/pci/devices/0000:01:00.0/vendor", "0x1e60\n");
  put("sys/bus/pci/devices/0000:01:00.0/device", "0x2864\n");
  put("sys/module/hailo_pci/version", "4.22.0\n");
  put("dev/hailo0", "");
  put("lib/firmware/hailo/hailo8_fw.bin", "");
  put("env/bin/hailo", "");
  fs::permissions(folder_ / "env/bin/hailo", fs::perms::owner_all);
  put("env/lib/python3.10/site-packages/hailo_dataflow_compiler-3.32.0.dist-info/METADATA", "");
  for (const InstallItem& item : check()) {
    EXPECT_EQ(item.state, State::found) << item.name << ": " << item.detail;
    EXPECT_EQ(item.next_step, "") << item.name;
  }
  EXPECT_EQ(item("device").detail, "PCI 0000:01:00.0 1e60:2864");
  EXPECT_EQ(item("driver").detail, "hailo_pci 4.22.0");
  EXPECT_NE(item("library").detail.find("HailoRT 4.22.0"), std::string::npos);
  EXPECT_NE(item("session").detail.find("stand-in"), std::string::npos);
  EXPECT_NE(item("session").detail.find("42.5 degrees Celsius, 2.25 W"), std::string::npos);
  EXPECT_NE(item("Python environment").detail.find("Dataflow Compiler 3.32.0 for python3.10"),
            std::string::npos);
}

TEST_F(HailoInstall, ADriverOfAnotherReleaseThanTheLibraryIsWrong) {
  const stand_in::Variable library("TESSERA_HAILORT", TESSERA_STAND_IN);
  put("sys/module/hailo_pci/version", "4.20.1\n");
  EXPECT_EQ(item("driver").state, State::wrong);
  EXPECT_EQ(item("driver").detail, "hailo_pci 4.20.1 beside library 4.22.0");
}

TEST_F(HailoInstall, TheDriverOfNewerChipsIsWrong) {
  put("sys/module/hailo1x_pci/version", "5.2.0\n");
  EXPECT_EQ(item("driver").state, State::wrong);
}

TEST_F(HailoInstall, ABusyDeviceIsToldWithTheNextStep) {
  const stand_in::Variable library("TESSERA_HAILORT", TESSERA_STAND_IN);
  const stand_in::Variable fault("TESSERA_STAND_IN_FAULT", "busy");
  EXPECT_EQ(item("session").state, State::wrong);
  EXPECT_NE(item("session").next_step.find("lsof /dev/hailo0"), std::string::npos);
}

}  // namespace
}  // namespace tessera::hailort
