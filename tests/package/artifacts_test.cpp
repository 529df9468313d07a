// What compilers of chips make of pieces: added to a package as a whole, kept, checked and found.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/text_bytes.h"
#include "package/manifest.h"
#include "support/scratch_folder.h"
#include "tessera/build.h"
#include "tessera/file.h"
#include "tessera/package.h"

namespace tessera {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes copied(std::string_view text) {
  return {text.begin(), text.end()};
}

class Artifacts : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    BuildOptions options;
    options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
    options.import.length_samples = 800;
    auto made = build(TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth", options);
    ASSERT_TRUE(made.has_value()) << made.error().to_string();
    built_ = new Package(made->package);
  }
  static void TearDownTestSuite() { delete built_; }
  void SetUp() override {
    ASSERT_TRUE(write_file_atomically(path(), built_->bytes()).has_value());
    const PackagedNetwork network = built_->network().value();
    for (const ChipSegment& segment : network.plan.segments) {
      for (const Piece& piece : segment.pieces) pieces_.push_back(piece);
    }
    ASSERT_GE(pieces_.size(), 2U);
  }
  std::filesystem::path path() const { return folder_ / "m.tess"; }
  std::string name(size_t piece) const { return pieces_.at(piece).name; }
  Result<void> add(std::vector<PieceArtifact> artifacts) const {
    return add_artifacts(path(), artifacts);
  }
  Bytes file() const { return read_file(path(), uint64_t{1} << 30).value(); }
  // Refused, and the file is as it was.
  std::string refusal(std::vector<PieceArtifact> artifacts) const {
    const Bytes before = file();
    const auto added = add(std::move(artifacts));
    EXPECT_EQ(file(), before);
    return added ? "" : added.error().to_string();
  }
  static std::string text_of(const Package& package, std::string_view entry) {
    const auto held = package.read(entry);
    return held ? std::string(held->begin(), held->end()) : "none";
  }

  ScratchFolder folder_;
  std::vector<Piece> pieces_;
  inline static Package* built_ = nullptr;
};

TEST_F(Artifacts, AreEntriesBesideTheirPieces) {
  ASSERT_TRUE(add({{name(0), "hef", copied("H0")}, {name(1), "har", copied("A1")}}).has_value());
  const Package package = Package::open(path()).value();
  EXPECT_EQ(text_of(package, "pieces/" + name(0) + ".hef"), "H0");
  EXPECT_EQ(text_of(package, "pieces/" + name(1) + ".har"), "A1");
  const auto& entries = package.manifest().entries;
  ASSERT_EQ(entries.size(), built_->manifest().entries.size() + 2);
  EXPECT_EQ(entries[entries.size() - 2].kind, "piece-hef");
  EXPECT_EQ(entries.back().kind, "piece-har");
  for (const PackageEntry& entry : built_->manifest().entries)
    EXPECT_EQ(text_of(package, entry.name), text_of(*built_, entry.name));
}

TEST_F(Artifacts, AreReplacedWhereTheyAreThere) {
  ASSERT_TRUE(add({{name(0), "hef", copied("old")}, {name(1), "hef", copied("kept")}}).has_value());
  ASSERT_TRUE(add({{name(0), "hef", copied("new")}}).has_value());
  const Package package = Package::open(path()).value();
  EXPECT_EQ(text_of(package, "pieces/" + name(0) + ".hef"), "new");
  EXPECT_EQ(text_of(package, "pieces/" + name(1) + ".hef"), "kept");
  EXPECT_EQ(package.manifest().entries.size(), built_->manifest().entries.size() + 2);
}

TEST_F(Artifacts, AreFoundByWhatThePieceComputes) {
  ASSERT_TRUE(add({{name(0), "hef", copied("H0")}}).has_value());
  const Package package = Package::open(path()).value();
  Piece renamed = pieces_[0];
  renamed.name = "of another length";
  const auto found = package.artifact(renamed, "hef").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->format, "hef");
  EXPECT_EQ(Bytes(found->bytes.begin(), found->bytes.end()), copied("H0"));
  EXPECT_FALSE(package.artifact(renamed, "har").value().has_value());
  EXPECT_FALSE(package.artifact(pieces_[1], "hef").value().has_value());
  EXPECT_TRUE(package.artifact(pieces_[1], "onnx").value().has_value());
}

TEST_F(Artifacts, OfSeveralPiecesInOneFileAreFoundWithTheirNames) {
  const JoinedArtifact both{"hef", {{name(0), "left"}, {name(1), "right"}}, copied("H")};
  ASSERT_TRUE(add_artifacts(path(), {}, {{both}}).has_value());
  const Package package = Package::open(path()).value();
  for (size_t i = 0; i < 2; ++i) {
    const auto found = package.artifact(pieces_[i], "hef").value();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(Bytes(found->bytes.begin(), found->bytes.end()), copied("H"));
    EXPECT_EQ(found->network, i == 0 ? "left" : "right");
    EXPECT_FALSE(package.artifact(pieces_[i], "har").value().has_value());
  }
  const auto checked = check_package(package, package.network().value());
  ASSERT_TRUE(checked.has_value()) << checked.error().to_string();
  EXPECT_EQ(checked->artifacts, 1);

  // A piece's own file counts first; other shared files take the place of all of them.
  ASSERT_TRUE(add({{name(0), "hef", copied("own")}}).has_value());
  const Package own = Package::open(path()).value();
  EXPECT_EQ(own.artifact(pieces_[0], "hef").value()->network, "");
  EXPECT_EQ(own.artifact(pieces_[1], "hef").value()->network, "right");
  const JoinedArtifact one{"hef", {{name(0), "alone"}}, copied("N")};
  ASSERT_TRUE(add_artifacts(path(), {}, {{one}}).has_value());
  EXPECT_FALSE(Package::open(path()).value().artifact(pieces_[1], "hef").value().has_value());
}

TEST_F(Artifacts, OfSeveralPiecesThatAreNotThereAreRefused) {
  const Bytes before = file();
  const JoinedArtifact stray{"hef", {{name(0), "a"}, {"seg99_9", "b"}}, copied("H")};
  const auto added = add_artifacts(path(), {}, {{stray}});
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(added.error().subject, "piece 'seg99_9'");
  EXPECT_EQ(file(), before);
}

TEST_F(Artifacts, AreCountedByTheCheck) {
  EXPECT_EQ(check_package(*built_, built_->network().value()).value().artifacts, 0);
  ASSERT_TRUE(add({{name(0), "hef", copied("H0")}, {name(0), "har", copied("A0")}}).has_value());
  const Package package = Package::open(path()).value();
  const auto checked = check_package(package, package.network().value());
  ASSERT_TRUE(checked.has_value()) << checked.error().to_string();
  EXPECT_EQ(checked->artifacts, 2);
}

TEST_F(Artifacts, OfNoPieceFailTheCheck) {
  PackageManifest manifest = built_->manifest();
  std::vector<PackageContent> contents;
  for (const PackageEntry& entry : manifest.entries) {
    const auto held = built_->read(entry.name).value();
    contents.push_back({entry.name, entry.kind, {held.begin(), held.end()}});
  }
  contents.push_back({"pieces/stray.hef", "piece-hef", copied("H")});
  const Package package =
      Package::from_bytes(write_package(manifest, contents).value(), "m.tess").value();
  const auto checked = check_package(package, package.network().value());
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().to_string(),
            "pieces/stray.hef: is listed as 'piece-hef', but this package's model and plan have no "
            "use for it (build the package again)");
}

TEST_F(Artifacts, ThatDoNotFitLeaveTheFileAsItWas) {
  EXPECT_EQ(refusal({{name(0), "hef", copied("H")}, {"seg99_9", "hef", copied("H")}}),
            "piece 'seg99_9': is not in this package ('tessera package ls' lists its pieces as "
            "pieces/NAME.onnx)");
  EXPECT_EQ(refusal({{name(0), "onnx", copied("H")}}),
            "piece '" + name(0) +
                "': a package holds no artifacts of the format 'onnx' (use one of: har, hef, "
                "vela.tflite)");
  EXPECT_EQ(refusal({{name(0), "hef", {}}}),
            "piece '" + name(0) +
                "': its artifact of the format 'hef' is empty (compile the piece "
                "again)");
  EXPECT_EQ(refusal({{name(0), "hef", copied("a")}, {name(0), "hef", copied("b")}}),
            "piece '" + name(0) + "': has two artifacts of the format 'hef' (give one of them)");
  EXPECT_EQ(refusal({}), "");
}

TEST_F(Artifacts, DamageIsNoticed) {
  ASSERT_TRUE(add({{name(0), "hef", copied("unmistakable")}}).has_value());
  Bytes bytes = file();
  const std::string_view sought = "unmistakable";
  const auto at = std::search(bytes.begin(), bytes.end(), sought.begin(), sought.end());
  ASSERT_NE(at, bytes.end());
  *at ^= 1;
  EXPECT_EQ(Package::from_bytes(std::move(bytes), "m.tess").error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace tessera
