// Inputs that fuzzing starts from are accepted: of refused ones it would reach nothing.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "package/calibration_report.h"
#include "package/encodings_file.h"
#include "package/manifest.h"
#include "package/plan_json.h"
#include "rewrite/legalize.h"
#include "tessera/file.h"
#include "tessera/package.h"

namespace tessera {
namespace {

std::vector<uint8_t> seed(const std::string& name) {
  const std::filesystem::path corpus = TESSERA_SOURCE_DIR "/fuzz/corpus";
  return read_file(corpus / name, 1 << 20).value();
}

template <typename T>
std::string refusal(const Result<T>& result) {
  return result ? "" : result.error().to_string();
}

TEST(FuzzSeeds, ThePackageIsAccepted) {
  const auto package = Package::from_bytes(seed("package/tiny.tess"), "tiny.tess");
  ASSERT_EQ(refusal(package), "");
  EXPECT_EQ(refusal(package->network()), "");
  EXPECT_EQ(refusal(parse_recipe(seed("package/plan_of_tiny.json"))), "");
}

TEST(FuzzSeeds, TheTextsOfAPackageAreAccepted) {
  EXPECT_EQ(refusal(parse_manifest(seed("package_texts/seed_manifest"))), "");
  EXPECT_EQ(refusal(parse_recipe(seed("package_texts/seed_plan"))), "");
  EXPECT_EQ(refusal(parse_encodings(seed("package_texts/seed_encodings"))), "");
  EXPECT_EQ(refusal(parse_calibration_report(seed("package_texts/seed_statistics"))), "");
  EXPECT_EQ(refusal(parse_frozen_norms(seed("package_texts/seed_frozen_norms"))), "");
}

}  // namespace
}  // namespace tessera
