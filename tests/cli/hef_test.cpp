// tessera hef: what people see of a compiled file, whole or not.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"
#include "support/hef_builder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const std::string kCut =
    TESSERA_SOURCE_DIR "/tests/data/hailo/hef/arcface_mobilefacenet_without_weights.hef";

class CliHef : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::vector<uint8_t>& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return (folder_ / name).string();
  }
  std::string whole() const { return write("net.hef", test::hef_file(2, test::small_hef())); }

  ScratchFolder folder_;
};

TEST_F(CliHef, TellsTheVerdictFirst) {
  const Outcome outcome = tessera_tool({"hef", "inspect", whole()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::string first = outcome.out.substr(0, outcome.out.find('\n'));
  EXPECT_NE(first.find("intact HEF of version 2 for Hailo-8 (HAILO8P)"), std::string::npos);
  EXPECT_NE(outcome.out.find("1x100x9"), std::string::npos);
  EXPECT_NE(outcome.out.find("0.5, zero point 3"), std::string::npos);
  EXPECT_NE(outcome.out.find("cluster 5"), std::string::npos);
}

TEST_F(CliHef, ARealFileFitsAScreen) {
  const Outcome outcome = tessera_tool({"hef", "inspect", kCut});
  std::istringstream lines(outcome.out);
  int count = 0;
  std::string line;
  std::getline(lines, line);  // with the path
  for (; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 132U) << line;
  EXPECT_LE(count, 40);
}

TEST_F(CliHef, DamageIsNamedAfterAllThatCouldBeRead) {
  const Outcome outcome = tessera_tool({"hef", "inspect", kCut});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kCorrupt));
  EXPECT_NE(outcome.out.find("byte 997316: the file ends here"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("refuses it, 91 HAILO_HEF_FILE_CORRUPTED"), std::string::npos);
  EXPECT_NE(outcome.out.find("195 physical layers of 51 layers, 224 edges"), std::string::npos);
  EXPECT_NE(outcome.err.find("is damaged at byte 997316"), std::string::npos) << outcome.err;
}

TEST_F(CliHef, TheDocumentHoldsLayersEdgesAndDamage) {
  const Outcome outcome = tessera_tool({"hef", "inspect", kCut, "--json"});
  const auto document = nlohmann::json::parse(outcome.out);
  EXPECT_FALSE(document.at("intact"));
  EXPECT_EQ(document.at("damage").at(0).at("byte"), 997316);
  EXPECT_EQ(document.at("error").at("code"), "corrupt");
  const auto& mapping = document.at("mapping");
  EXPECT_EQ(mapping.at("layers").size(), 195U);
  EXPECT_EQ(mapping.at("edges").size(), 224U);
  EXPECT_EQ(mapping.at("units").at("LCU"), 87);
  EXPECT_EQ(document.at("groups").at(0).at("cores").at(0).at("contexts").at(0).at("streams").size(),
            2U);
}

TEST_F(CliHef, TablesOfLayersEdgesAndRulesAreShownWhereAskedFor) {
  const Outcome outcome =
      tessera_tool({"hef", "inspect", whole(), "--layers", "--edges", "--rules"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char* text :
       {"conv1_d0  conv  conv1", "1 664", "Padding scheme is not supported in X"}) {
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text << outcome.out;
  }
}

// The table is what 'target ledger' takes as evidence: a file of one's own adds to what is known.
TEST_F(CliHef, TablesAreEvidenceForTheLedger) {
  const std::string tables = (folder_ / "evidence/hef_maps").string();
  fs::create_directories(folder_ / "evidence");
  EXPECT_EQ(tessera_tool({"hef", "inspect", kCut, "--tsv", tables}).code,
            exit_code(ErrorCode::kCorrupt));
  for (const char* name : {"layers", "edges", "clusters", "streams", "rules"}) {
    EXPECT_TRUE(fs::exists(fs::path(tables) / fmt::format("{}.tsv", name))) << name;
  }
  for (const char* name : {"edges", "clusters", "streams", "rules"}) {
    fs::remove(fs::path(tables) / fmt::format("{}.tsv", name));
  }
  fs::copy(TESSERA_SOURCE_DIR "/tests/data/hailo/alls", folder_ / "evidence/alls");
  const Outcome ledger =
      tessera_tool({"target", "ledger", "--evidence", (folder_ / "evidence").string(), "--json"});
  ASSERT_EQ(ledger.code, 0) << ledger.err;
  const Outcome recorded = tessera_tool(
      {"target", "ledger", "--evidence", TESSERA_SOURCE_DIR "/tests/data/hailo", "--json"});
  const auto network = [](const Outcome& outcome, const std::string& name) {
    const auto document = nlohmann::json::parse(outcome.out);
    for (auto row : document.at("networks")) {
      if (row.at("network") != name) continue;
      row.erase("network");
      return row;
    }
    return nlohmann::json();
  };
  ASSERT_FALSE(network(ledger, "layers").is_null());
  EXPECT_EQ(network(ledger, "layers"), network(recorded, "arcface_mobilefacenet"));
}

TEST_F(CliHef, DrawsTheClusters) {
  const std::string picture = (folder_ / "floor.svg").string();
  EXPECT_EQ(tessera_tool({"hef", "inspect", whole(), "--picture", picture}).code, 0);
  const std::string svg = contents(picture);
  EXPECT_NE(svg.find(">cluster 7<"), std::string::npos);
  EXPECT_NE(svg.find(">conv1_d0<"), std::string::npos);
  EXPECT_EQ(tessera_tool({"hef", "inspect", whole(), "--picture", picture}).code,
            exit_code(ErrorCode::kAlreadyExists));
}

TEST_F(CliHef, OtherFilesAreNamedAndCorrupt) {
  const std::pair<std::vector<uint8_t>, const char*> files[] = {
      {{0x7f, 'E', 'L', 'F', 2, 1, 1}, "ELF"},
      {{'P', 'K', 3, 4, 0, 0}, "zip archive"},
      {{}, "empty"},
  };
  for (const auto& [bytes, kind] : files) {
    const Outcome outcome = tessera_tool({"hef", "inspect", write("other.hef", bytes)});
    EXPECT_EQ(outcome.code, exit_code(ErrorCode::kCorrupt));
    EXPECT_NE(outcome.err.find(kind), std::string::npos) << outcome.err;
  }
}

TEST_F(CliHef, NamesInAHostileFileDoNotReachTheTerminal) {
  test::EdgeLayer edge;
  edge.name = "\x1b[2Jnet\n";
  const test::Wire group =
      test::Wire()
          .message(1, test::network_metadata("\x1b]0;title\x07"))
          .message(3, test::context_of(0, test::Wire(), {test::edge_layer(edge)}));
  test::HefParts parts;
  parts.description = test::Wire()
                          .message(1, test::description_header())
                          .message(2, group)
                          .message(5, test::extension(99, "\x1b[31m"));
  const Outcome outcome =
      tessera_tool({"hef", "inspect", write("hostile.hef", test::hef_file(2, parts)), "--layers"});
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace tessera
