// What goes wrong with library, driver, device and compiled files: each has its message and next
// step; a device that is lost is reset once, and the run goes on.
#include <gtest/gtest.h>

#include <filesystem>

#include "hailort_stand_in/fixture.h"
#include "support/scratch_folder.h"

namespace tessera::stand_in {
namespace {

class HailoFaults : public OnStandIn {
 protected:
  // Of opening the backend.
  std::string opening_error(const std::string& fault) {
    const Variable wanted("TESSERA_STAND_IN_FAULT", fault);
    const auto backend = open();
    EXPECT_FALSE(backend.has_value());
    return backend ? "" : backend.error().to_string();
  }
  // Of loading the pieces.
  Error loading_error(const std::string& fault) {
    const Variable wanted("TESSERA_STAND_IN_FAULT", fault);
    const auto backend = open().value();
    const auto loaded = session(*backend);
    EXPECT_FALSE(loaded.has_value());
    return loaded ? Error{} : loaded.error();
  }
  // Of a run; empty where it gives what the emulator gives.
  std::string run_error(const std::string& fault, Outputs* outputs = nullptr) {
    const Variable wanted("TESSERA_STAND_IN_FAULT", fault);
    const Variable soon("TESSERA_HAILORT_TIMEOUT_MS", "500");
    const auto backend = open().value();
    Session on_chip = session(*backend).value();
    const auto ran = on_chip.run({ConstValues(network_->signal)});
    if (!ran) return ran.error().to_string();
    if (outputs != nullptr) *outputs = *ran;
    EXPECT_EQ(*ran, emulated());
    return "";
  }
};

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

#define EXPECT_HOLDS(text, part) EXPECT_TRUE(holds(text, part)) << (text)

TEST_F(HailoFaults, WithoutALibraryItIsToldWhereToGetIt) {
  const Variable none("TESSERA_HAILORT", "/nowhere/libhailort.so");
  const std::string error = open().error().to_string();
  EXPECT_HOLDS(error,
               "backend 'hailo': is not available here (/nowhere/libhailort.so: cannot be "
               "opened: ");
  EXPECT_HOLDS(error, "(correct or unset TESSERA_HAILORT)");
}

TEST_F(HailoFaults, ALibraryOfAnotherReleaseIsRefused) {
  const ScratchFolder folder;
  const auto copy = folder / "libhailort.so";
  std::filesystem::copy_file(TESSERA_STAND_IN, copy);
  const Variable version("TESSERA_STAND_IN_VERSION", "5.2.0");
  const Variable library("TESSERA_HAILORT", copy.string());
  const std::string error = open().error().to_string();
  EXPECT_HOLDS(error, "is HailoRT 5.2.0; this backend knows 4.20 to 4.23");
  EXPECT_HOLDS(error, "HailoRT 5 and later serve Hailo-10 and Hailo-15");
}

TEST_F(HailoFaults, ALibraryWithoutItsFunctionsIsRefused) {
  const Variable library("TESSERA_HAILORT", "libc.so.6");
  EXPECT_HOLDS(open().error().to_string(), "libc.so.6: is HailoRT 0.0.0; this backend knows");
}

TEST_F(HailoFaults, OpeningTheDeviceFailsWithTheNextStep) {
  const std::string no_driver = opening_error("no_driver");
  EXPECT_HOLDS(no_driver,
               "Hailo device: the driver is not loaded, while opening the device "
               "(HailoRT 4.22.0, status 64)");
  EXPECT_HOLDS(no_driver, "sudo modprobe hailo_pci");
  const std::string no_device = opening_error("no_device");
  EXPECT_HOLDS(no_device, "there is no free device");
  EXPECT_HOLDS(no_device, "status 74");
  EXPECT_HOLDS(no_device, "lspci -d 1e60:");
  const std::string busy = opening_error("busy");
  EXPECT_HOLDS(busy, "another program uses the device");
  EXPECT_HOLDS(busy, "TESSERA_HAILORT_SERVICE=1");
  const std::string driver = opening_error("driver_version");
  EXPECT_HOLDS(driver, "driver and library are of different releases");
  EXPECT_HOLDS(driver, "modinfo hailo_pci");
  EXPECT_HOLDS(opening_error("service_version"), "restart the service");
  EXPECT_HOLDS(opening_error("firmware"), "the device's firmware is of another release");
}

TEST_F(HailoFaults, CompiledFilesThatDoNotFitAreRefusedByPiece) {
  const std::string piece = "piece '" + plan().segments[0].pieces[0].name + "': ";
  const Error other = loading_error("other_chip");
  EXPECT_EQ(other.code, ErrorCode::kUnsupported);
  EXPECT_HOLDS(other.to_string(), piece);
  EXPECT_HOLDS(other.message, "the compiled file is for another chip, while");
  EXPECT_HOLDS(other.message, "status 93");
  const Error older = loading_error("other_chip_420");
  EXPECT_EQ(older.code, ErrorCode::kUnsupported);
  EXPECT_HOLDS(older.message, "for another chip, or of a newer compiler");
  const Error newer = loading_error("new_compiler");
  EXPECT_HOLDS(newer.message, "of a compiler that the library does not know");
  EXPECT_HOLDS(newer.hint, "3.33 to 4.23");
}

TEST_F(HailoFaults, ADamagedCompiledFileIsToldAsSuch) {
  pieces_.of(plan().segments[0].pieces[0].name)[0] ^= 1;
  const auto backend = open().value();
  const auto loaded = session(*backend);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt);
  EXPECT_HOLDS(loaded.error().message, "the compiled file is corrupted");
}

TEST_F(HailoFaults, AnotherScaleThanThePackagesIsAnErrorThatNamesBoth) {
  const Error error = loading_error("scale");
  EXPECT_EQ(error.code, ErrorCode::kMismatch);
  EXPECT_HOLDS(error.message, "in the package and scale ");
  EXPECT_HOLDS(error.message, " (channel 0)");
  EXPECT_HOLDS(error.message, " in the stream 'input_layer1' of its compiled file");
}

TEST_F(HailoFaults, ALostDeviceIsResetOnceAndTheRunGoesOn) {
  for (const char* fault : {"lost@0", "lost@1", "lost@3", "abort@2"})
    EXPECT_EQ(run_error(fault), "") << fault;
}

TEST_F(HailoFaults, AnEvaluationThatDoesNotEndIsRunAgainAfterAReset) {
  EXPECT_EQ(run_error("timeout@1"), "");
}

TEST_F(HailoFaults, ADeviceThatIsLostAgainIsAnError) {
  const std::string error = run_error("lost_again@2");
  EXPECT_HOLDS(error, "piece '");
  EXPECT_HOLDS(error,
               "the device is lost, while running it (HailoRT 4.22.0, status 62); the device "
               "was reset once before");
  EXPECT_HOLDS(error, "dmesg");
}

TEST_F(HailoFaults, AShortAnswerIsAnErrorAndNoOutput) {
  EXPECT_HOLDS(run_error("short@1"), "': the device's answer is ");
}

TEST_F(HailoFaults, WhatIsNoLossOfTheDeviceIsToldByItsStatus) {
  const std::string error = run_error("full@1");
  EXPECT_HOLDS(error,
               "HailoRT 4.22.0 says 'stand-in: queue is full' (status 82), while running it");
}

TEST_F(HailoFaults, ASessionRunsAgainAfterAnError) {
  for (const char* kind : {"short@1", "full@1"}) {
    const Variable fault("TESSERA_STAND_IN_FAULT", kind);
    const auto backend = open().value();
    Session on_chip = session(*backend).value();
    ASSERT_FALSE(on_chip.run({ConstValues(network_->signal)}).has_value()) << kind;
    EXPECT_EQ(run(on_chip), emulated()) << kind;
  }
}

}  // namespace
}  // namespace tessera::stand_in
