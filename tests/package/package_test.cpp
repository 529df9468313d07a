// Packages as files: what is accepted, and the exact refusal of everything else.
#include "tessera/package.h"

#include <gtest/gtest.h>

#include "base/archive.h"
#include "package/manifest.h"
#include "support/scratch_folder.h"
#include "tessera/file.h"

namespace tessera {
namespace {

std::vector<uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

PackageManifest small_manifest() {
  PackageManifest manifest;
  manifest.tessera = "0.1.0";
  manifest.model.files = {{"net.pth", "model/net.pth"}};
  manifest.model.hash = "0123";
  manifest.model.family = "asteroid_convtasnet";
  manifest.model.arguments = {{"mask_act", "relu"}};
  manifest.model.length_samples = 2003;
  manifest.model.sample_rate = 8000;
  manifest.model.n_src = 2;
  manifest.target = "generic";
  manifest.parity = {{"noise", "cpu", 1.25e-7, 0.5, 1e-5, 12, 0, std::nullopt}};
  return manifest;
}

std::vector<PackageContent> small_contents() {
  return {{"model/net.pth", "model", bytes_of("weights")}, {"plan.json", "plan", bytes_of("{}")}};
}

std::vector<uint8_t> small_package() {
  auto bytes = write_package(small_manifest(), small_contents());
  EXPECT_TRUE(bytes.has_value());
  return *bytes;
}

// A package whose manifest text is `manifest` and whose other entries are those of small_package().
std::vector<uint8_t> package_with(const std::string& manifest, std::string_view weights = "weights",
                                  std::string_view plan_name = "plan.json") {
  const auto text = bytes_of(manifest);
  const auto model = bytes_of(weights);
  const auto plan = bytes_of("{}");
  const std::vector<ArchiveEntry> entries{
      {"manifest.json", text}, {"model/net.pth", model}, {std::string(plan_name), plan}};
  return *write_archive(entries);
}

std::string manifest_text() {
  const auto package = Package::from_bytes(small_package(), "m.tess");
  const auto text = package->read("manifest.json");
  return {text->begin(), text->end()};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string error_of(std::vector<uint8_t> bytes) {
  const auto package = Package::from_bytes(std::move(bytes), "m.tess");
  return package ? "" : package.error().to_string();
}

TEST(Package, GivesBackWhatWasPackedAndHowItWasMade) {
  const auto package = Package::from_bytes(small_package(), "m.tess");
  ASSERT_TRUE(package.has_value()) << package.error().to_string();
  const PackageManifest& manifest = package->manifest();
  EXPECT_EQ(manifest.schema, kPackageSchema);
  EXPECT_EQ(manifest.model.files[0].name, "net.pth");
  EXPECT_EQ(manifest.model.arguments.at("mask_act"), "relu");
  EXPECT_EQ(manifest.model.length_samples, 2003);
  EXPECT_EQ(manifest.model.sample_rate, 8000);
  EXPECT_EQ(manifest.parity[0].max_abs, 1.25e-7);
  EXPECT_EQ(package->names(),
            (std::vector<std::string>{"manifest.json", "model/net.pth", "plan.json"}));
  const auto weights = package->read("model/net.pth");
  ASSERT_TRUE(weights.has_value());
  EXPECT_EQ(std::string(weights->begin(), weights->end()), "weights");
}

TEST(Package, NamesTheEntryItDoesNotHold) {
  const auto package = Package::from_bytes(small_package(), "m.tess");
  EXPECT_EQ(package->read("plan.txt").error().to_string(),
            "m.tess: holds no entry 'plan.txt' ('tessera package ls' lists what it holds)");
}

TEST(Package, TheSameContentGivesTheSameBytes) {
  EXPECT_EQ(small_package(), small_package());
}

TEST(Package, EverySingleBitThatFlipsIsNoticed) {
  std::vector<uint8_t> bytes = small_package();
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(Package::from_bytes(bytes, "m.tess").has_value()) << "bit " << bit;
    bytes[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
  }
}

TEST(Package, IsToldByItsBeginning) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "m.tess", small_package()).has_value());
  ASSERT_TRUE(write_file_atomically(folder / "short", "PK").has_value());
  EXPECT_TRUE(is_package(folder / "m.tess"));
  EXPECT_FALSE(is_package(folder / "short"));
  EXPECT_FALSE(is_package(folder / "missing"));
  EXPECT_FALSE(is_package(TESSERA_SOURCE_DIR "/models/convtasnet_demo_gln_8k.pth"));
}

TEST(Package, AHalfWrittenFileIsStillToldToBeAPackage) {
  const ScratchFolder folder;
  std::vector<uint8_t> bytes = small_package();
  bytes.resize(bytes.size() / 2);
  ASSERT_TRUE(write_file_atomically(folder / "m.tess", bytes).has_value());
  EXPECT_TRUE(is_package(folder / "m.tess"));
  EXPECT_EQ(Package::open(folder / "m.tess").error().code, ErrorCode::kCorrupt);
}

TEST(Package, RefusesAnotherSchema) {
  EXPECT_EQ(
      error_of(package_with(replaced(manifest_text(), "\"schema\": 3", "\"schema\": 1"))),
      "m.tess: manifest.json: this package has schema 1, written by Tessera 0.1.0; this "
      "Tessera reads 3 and 4 (build it again with this version, or use the version that wrote it)");
}

TEST(Package, RefusesAnEntryOfAnotherContent) {
  EXPECT_EQ(error_of(package_with(manifest_text(), "heights")),
            "m.tess: model/net.pth: has another content (its manifest says otherwise: build the "
            "package again)");
}

TEST(Package, RefusesAnEntryOfAnotherSize) {
  EXPECT_EQ(error_of(package_with(manifest_text(), "weight")),
            "m.tess: model/net.pth: has 6 bytes instead of 7 (its manifest says otherwise: build "
            "the package again)");
}

TEST(Package, RefusesAnEntryOfAnotherName) {
  EXPECT_EQ(error_of(package_with(manifest_text(), "weights", "plan.txt")),
            "m.tess: plan.json: is missing, or not at its place (its manifest says otherwise: "
            "build the package again)");
}

TEST(Package, RefusesAnEntryThatIsNotListed) {
  PackageManifest manifest = small_manifest();
  auto contents = small_contents();
  const auto listed = Package::from_bytes(*write_package(manifest, contents), "m.tess");
  const auto text = listed->read("manifest.json");
  const std::vector<ArchiveEntry> entries{{"manifest.json", *text},
                                          {"model/net.pth", contents[0].bytes},
                                          {"plan.json", contents[1].bytes},
                                          {"extra", contents[1].bytes}};
  EXPECT_EQ(error_of(*write_archive(entries)),
            "m.tess: extra: does not belong here (its manifest says otherwise: build the package "
            "again)");
}

TEST(Package, RefusesAnArchiveWithoutManifest) {
  const auto data = bytes_of("1");
  const std::vector<ArchiveEntry> entries{{"model/net.pth", data}};
  EXPECT_EQ(error_of(*write_archive(entries)),
            "m.tess: does not begin with a manifest (give a file that 'tessera build' wrote)");
}

TEST(Package, RefusesManifestsThatAreNotWhatABuildWrites) {
  const std::string good = manifest_text();
  const auto refusal = [](const std::string& text) { return error_of(package_with(text)); };
  EXPECT_EQ(refusal("{"), "m.tess: manifest.json: is not JSON");
  EXPECT_EQ(refusal("[]"), "m.tess: manifest.json: is not an object");
  EXPECT_EQ(refusal("{\"schema\": \"1\"}"), "m.tess: manifest.json.schema: is not an integer");
  EXPECT_EQ(refusal(replaced(good, "\"length_samples\": 2003", "\"length_samples\": 0")),
            "m.tess: manifest.json.model.length_samples: is not within 1 .. 1099511627776");
  EXPECT_EQ(refusal(replaced(good, "\"exact\"", "\"roughly\"")),
            "m.tess: manifest.json.options.norm: is 'roughly', which no build writes");
  EXPECT_EQ(refusal(replaced(good, "\"entry\": \"model/net.pth\"", "\"entry\": \"model/no.pth\"")),
            "m.tess: manifest.json.model: speaks of 'model/no.pth', which is not there");
  EXPECT_EQ(refusal(replaced(good, "\"name\": \"plan.json\"", "\"name\": \"model/net.pth\"")),
            "m.tess: manifest.json.entries: holds 'model/net.pth' twice");
  EXPECT_EQ(refusal(replaced(good, "\"kind\": \"plan\"", "\"kind\": 3")),
            "m.tess: manifest.json.entries[1].kind: is not a string");
  EXPECT_EQ(refusal(std::string(100'000, '[')), "m.tess: manifest.json: is not JSON");
}

}  // namespace
}  // namespace tessera
