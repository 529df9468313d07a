// check_package() on forged packages: entries are changed and every hash is made right again, so
// that only making them again can tell.
#include <functional>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/npy.h"
#include "package/calibration_report.h"
#include "package/encodings_file.h"
#include "package/entries.h"
#include "package/manifest.h"
#include "support/random_values.h"
#include "support/scratch_folder.h"
#include "tessera/build.h"
#include "tessera/package.h"

namespace tessera {
namespace {

constexpr int64_t kLength = 800;

enum class Kind : uint8_t { plain, frozen, integers };

std::string name_of(Kind kind) {
  return kind == Kind::plain ? "plain" : kind == Kind::frozen ? "frozen" : "integers";
}

Package built(Kind kind) {
  const ScratchFolder folder;
  test::Random random(5);
  const Tensor noise = random.tensor({8, kLength}, -0.3F, 0.3F);
  EXPECT_TRUE(write_npy(folder / "calib.npy", noise.dims(), noise.values()).has_value());
  BuildOptions options;
  options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
  options.import.length_samples = kLength;
  options.calibration.sources = {folder / "calib.npy"};
  if (kind == Kind::frozen) options.norm = NormMode::frozen;
  if (kind == Kind::integers) options.integers.emplace();
  auto made = build(TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth", options);
  EXPECT_TRUE(made.has_value()) << made.error().to_string();
  return made->package;
}

const Package& package(Kind kind) {
  static std::map<Kind, Package> made;
  const auto found = made.find(kind);
  return found != made.end() ? found->second : made.emplace(kind, built(kind)).first->second;
}

using Bytes = std::vector<uint8_t>;
using Edit = std::function<void(PackageManifest& manifest, std::vector<PackageContent>& contents)>;

// Its bytes with `edit` made and every hash right.
Bytes forged(const Package& package, const Edit& edit) {
  PackageManifest manifest = package.manifest();
  std::vector<PackageContent> contents;
  for (const PackageEntry& entry : manifest.entries) {
    const auto held = package.read(entry.name).value();
    contents.push_back({entry.name, entry.kind, {held.begin(), held.end()}});
  }
  edit(manifest, contents);
  manifest.model.hash = content_hash(contents.front().bytes);
  return write_package(manifest, contents).value();
}

PackageContent& entry(std::vector<PackageContent>& contents, std::string_view name) {
  const auto found = std::find_if(contents.begin(), contents.end(),
                                  [&](const PackageContent& c) { return c.name == name; });
  EXPECT_NE(found, contents.end()) << name;
  return *found;
}

// What a check says of these bytes; empty: everything is as claimed.
std::string verdict(Bytes bytes) {
  const auto opened = Package::from_bytes(std::move(bytes), "m.tess");
  if (!opened) return opened.error().to_string();
  const auto network = opened->network();
  if (!network) return network.error().to_string();
  const auto checked = check_package(*opened, *network, 1);
  return checked ? "" : checked.error().to_string();
}

std::string verdict(const Package& package, const Edit& edit) {
  return verdict(forged(package, edit));
}

// Another digit in place of a digit of a text, anywhere in [from, text.size()).
void change_a_digit(Bytes& text, std::mt19937& random) {
  for (;;) {
    const size_t at = random() % text.size();
    if (text[at] < '0' || text[at] > '9') continue;
    text[at] = static_cast<uint8_t>('0' + (text[at] - '0' + 1 + random() % 9) % 10);
    return;
  }
}

class ForgedPackage : public ::testing::TestWithParam<Kind> {};

TEST_P(ForgedPackage, IsAsClaimedWhereNothingIsChanged) {
  EXPECT_EQ(verdict(package(GetParam()), [](auto&, auto&) {}), "");
}

// Graphs, plans, placements, pieces, encodings, constants: any digit or byte of any of these.
TEST_P(ForgedPackage, IsFoundByAnyChangeOfAnEntryThatFollowsFromTheModel) {
  std::mt19937 random(11);
  int changes = 0;
  for (const PackageEntry& listed : package(GetParam()).manifest().entries) {
    if (listed.kind == "model" || listed.kind == "target" || listed.name == entries::kCalibration)
      continue;
    if (listed.kind.starts_with("piece") && random() % 4 != 0) continue;  // a quarter is enough
    const std::string said = verdict(package(GetParam()), [&](auto&, auto& contents) {
      Bytes& bytes = entry(contents, listed.name).bytes;
      if (listed.kind.starts_with("piece")) {
        bytes[random() % bytes.size()] ^= static_cast<uint8_t>(1U << (random() % 8));
      } else {
        change_a_digit(bytes, random);
      }
    });
    EXPECT_NE(said, "") << listed.name;
    ++changes;
  }
  EXPECT_GT(changes, 4);
}

TEST_P(ForgedPackage, IsFoundByAnyDigitOfItsGraphAndPlan) {
  std::mt19937 random(12);
  for (const std::string_view name : {entries::kLegal, entries::kPlan, entries::kPlacement}) {
    for (int i = 0; i < 12; ++i) {
      Bytes before;
      Bytes after;
      const std::string said = verdict(package(GetParam()), [&](auto&, auto& contents) {
        before = entry(contents, name).bytes;
        change_a_digit(entry(contents, name).bytes, random);
        after = entry(contents, name).bytes;
      });
      const auto at = std::mismatch(before.begin(), before.end(), after.begin()).first;
      EXPECT_NE(said, "") << name << " at byte " << at - before.begin();
    }
  }
}

// The published attack: one weight of the model is another, what runs is what it was.
TEST_P(ForgedPackage, IsFoundByAWeightOfItsModel) {
  std::mt19937 random(13);
  int found = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string said = verdict(package(GetParam()), [&](auto&, auto& contents) {
      Bytes& model = contents.front().bytes;
      model[random() % model.size()] ^= 1U << 6;
    });
    found += said.empty() ? 0 : 1;
  }
  // The rest hit what no weight is: names of other tensors, dates, the state of an optimiser.
  EXPECT_GT(found, 30);
}

TEST_P(ForgedPackage, IsFoundByWhatItsManifestClaims) {
  const auto differs = [&](const Edit& edit) {
    return verdict(package(GetParam()), edit).find("manifest.json") != std::string::npos;
  };
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.model.family = "onnx"; }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.model.n_src = 3; }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.model.sample_rate = 44100; }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.model.notes.push_back("all is well"); }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.parity.clear(); }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.parity.push_back(m.parity[0]); }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.parity[0].signal = "speech"; }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.parity[0].backend = "torch"; }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.parity[0].peak *= 2; }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.parity[0].max_abs = -1; }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.parity[0].max_abs = 0.1; }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { m.parity[0].tolerance = 1; }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { ++m.parity[0].values; }));
  EXPECT_TRUE(differs([](PackageManifest& m, auto&) { ++m.parity[0].codes; }));
  EXPECT_TRUE(differs([&](PackageManifest& m, auto&) {
    const bool frozen = GetParam() == Kind::frozen;
    m.parity[0].approximation_db = frozen ? *m.parity[0].approximation_db + 1 : 60;
  }));
  const auto refused = [&](const Edit& edit) {
    return !verdict(package(GetParam()), edit).empty();
  };
  EXPECT_TRUE(refused([](PackageManifest& m, auto&) { m.model.length_samples += 8; }));
  EXPECT_TRUE(refused([](PackageManifest& m, auto&) { m.target = "hailo15"; }));
  EXPECT_TRUE(refused([](PackageManifest& m, auto&) {
    m.options.norm = m.options.norm == "exact" ? "frozen" : "exact";
  }));
}

TEST_P(ForgedPackage, IsFoundByEntriesThatAreMissingAddedOrOfAnotherKind) {
  const Package& whole = package(GetParam());
  for (const PackageEntry& listed : whole.manifest().entries) {
    if (listed.kind == "model") continue;
    EXPECT_NE(verdict(whole,
                      [&](auto&, auto& contents) {
                        std::erase_if(contents,
                                      [&](const auto& c) { return c.name == listed.name; });
                      }),
              "")
        << listed.name;
    EXPECT_NE(
        verdict(whole, [&](auto&, auto& contents) { entry(contents, listed.name).kind = "note"; }),
        "")
        << listed.name;
  }
  EXPECT_NE(verdict(whole,
                    [](auto&, auto& contents) {
                      contents.push_back({"pieces/seg99_0.onnx", "piece", {1, 2, 3}});
                    }),
            "");
  EXPECT_EQ(verdict(whole,
                    [](auto&, auto& contents) {
                      contents.push_back({"notes/readme.txt", "notes", {'h', 'i'}});
                    }),
            "")
      << "kinds that no build writes are kept";
}

INSTANTIATE_TEST_SUITE_P(AllKinds, ForgedPackage,
                         ::testing::Values(Kind::plain, Kind::frozen, Kind::integers),
                         [](const auto& kind) { return name_of(kind.param); });

// A forger who makes the pieces again from other integers.
Bytes with_encodings(const std::function<void(Encodings& encodings)>& edit) {
  const Package& whole = package(Kind::integers);
  const PackagedNetwork network = whole.network().value();
  Encodings encodings = *network.encodings;
  edit(encodings);
  return forged(whole, [&](auto&, auto& contents) {
    const std::string text = print_encodings(encodings);
    entry(contents, entries::kEncodings).bytes.assign(text.begin(), text.end());
    for (const ChipSegment& segment : network.plan.segments) {
      for (const Piece& piece : segment.pieces) {
        for (const IntegerForm form : integer_forms(IntegerArithmetic::onnx)) {
          entry(contents, entries::of_piece(piece, form)).bytes =
              entries::piece_file(piece, encodings, form).value();
        }
      }
    }
  });
}

TEST(ForgedIntegers, AWeightThatIsNotTheNetworksIsFoundThoughEveryPieceHasIt) {
  const std::string said = verdict(with_encodings([](Encodings& encodings) {
    int8_t& weight = encodings.weights.begin()->second.values[0];
    weight = static_cast<int8_t>(weight > 0 ? weight - 1 : weight + 1);
  }));
  EXPECT_NE(said.find("its integer weights are not the network's"), std::string::npos) << said;
}

TEST(ForgedIntegers, ABiasBeyondWhatRoundingExplainsIsFound) {
  const std::string said = verdict(with_encodings(
      [](Encodings& encodings) { encodings.weights.begin()->second.bias[0] += 1'000'000; }));
  EXPECT_NE(said.find("its integer biases are not the network's"), std::string::npos) << said;
}

std::string verdict_of_report(const std::function<void(CalibrationReport& report)>& edit) {
  const Package& whole = package(Kind::integers);
  CalibrationReport report = calibration_report(whole).value().value();
  edit(report);
  return verdict(whole, [&](auto&, auto& contents) {
    const std::string text = print_calibration_report(report);
    entry(contents, entries::kCalibration).bytes.assign(text.begin(), text.end());
  });
}

TEST(ForgedStatistics, WhatFollowsFromTheEncodingsIsFound) {
  using Report = CalibrationReport;
  EXPECT_EQ(verdict_of_report([](Report&) {}), "");
  EXPECT_NE(verdict_of_report([](Report& r) { ++r.arithmetic.in_8_bits; }), "");
  EXPECT_NE(verdict_of_report([](Report& r) { ++r.arithmetic.in_16_bits; }), "");
  EXPECT_NE(verdict_of_report([](Report& r) { --r.arithmetic.in_float; }), "");
  EXPECT_NE(verdict_of_report([](Report& r) { ++r.arithmetic.convolutions; }), "");
  EXPECT_NE(verdict_of_report([](Report& r) { r.values[2].bits = 16; }), "");
  EXPECT_NE(verdict_of_report([](Report& r) { r.values[2].code_high *= 2; }), "");
  EXPECT_NE(verdict_of_report([](Report& r) { r.values[2].name += "x"; }), "");
  EXPECT_NE(verdict_of_report([](Report& r) { ++r.values[2].seen.channels; }), "");
  EXPECT_NE(verdict_of_report([](Report& r) { r.values.clear(); }), "");
}

TEST(ForgedStatistics, AnEmptyReportIsFound) {
  const std::string said = verdict(package(Kind::integers), [](auto&, auto& contents) {
    entry(contents, entries::kCalibration).bytes = {'{', '}'};
  });
  EXPECT_NE(said.find("statistics.json"), std::string::npos) << said;
}

TEST(PackageCheck, APieceOfTheBuiltLengthThatDoesNotFitIsCalledThat) {
  const Package& whole = package(Kind::plain);
  const std::string said = verdict(whole, [](auto&, auto& contents) {
    entry(contents, "pieces/seg01_0.onnx").bytes = entry(contents, "pieces/seg02_0.onnx").bytes;
  });
  EXPECT_NE(said.find("pieces/seg01_0.onnx: is not what the package's own graph and plan give"),
            std::string::npos)
      << said;
}

}  // namespace
}  // namespace tessera
