// What people do to logs before they ask: colours, line ends, collectors' prefixes, noise between
// the lines, the end missing. The verdict stays, and no layer is named that the log does not have.
#include <gtest/gtest.h>

#include <cctype>
#include <functional>
#include <string>

#include "vendor/hailo/labelled_logs.h"
#include "vendor/hailo/log/explanation.h"

namespace tessera::hailo {
namespace {

using testing::LabelledLog;

std::vector<LabelledLog> logs() {
  return testing::labelled_logs(std::string(TESSERA_SOURCE_DIR) + "/tests/data/vendor_logs");
}

std::string per_line(const std::string& text,
                     const std::function<std::string(const std::string&)>& change) {
  std::string changed;
  for (const std::string& line : testing::split(text, '\n')) changed += change(line) + "\n";
  return changed;
}

void expect_unchanged(const std::function<std::string(const std::string&)>& change) {
  for (const LabelledLog& log : logs()) {
    const LogExplanation before = explain_log(log.text);
    const LogExplanation after = explain_log(change(log.text));
    EXPECT_EQ(after.family, before.family) << log.file;
    EXPECT_EQ(after.layers, before.layers) << log.file;
    EXPECT_EQ(after.exception_type, before.exception_type) << log.file;
  }
}

// Whether `name` stands in `text` as a whole name.
bool holds_name(const std::string& text, const std::string& name) {
  const auto is_inside = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !is_inside(text[at - 1])) && (end == text.size() || !is_inside(text[end])))
      return true;
  }
  return false;
}

TEST(VendorLogText, MayHaveColours) {
  expect_unchanged([](const std::string& text) {
    return per_line(text, [](const std::string& line) { return "\x1b[1;31m" + line + "\x1b[0m"; });
  });
}

TEST(VendorLogText, MayHaveTheLineEndsOfWindows) {
  expect_unchanged([](const std::string& text) {
    return per_line(text, [](const auto& line) { return line + "\r"; });
  });
}

TEST(VendorLogText, MayBeUtf16) {
  expect_unchanged([](const std::string& text) {
    std::string wide = "\xff\xfe";
    for (const char c : text) wide += std::string(1, c) + std::string(1, '\0');
    return wide;
  });
}

TEST(VendorLogText, MayHavePrefixesOfCollectors) {
  for (const std::string prefix :
       {"2025-04-13T12:20:32.014495294Z ", "detector_1 | ", "[convert_node-1] ",
        "Nov 30 08:46:59 host python3[123]: ", "[   12.345678] "}) {
    SCOPED_TRACE(prefix);
    expect_unchanged([&](const std::string& text) {
      return per_line(text, [&](const std::string& line) { return prefix + line; });
    });
  }
}

TEST(VendorLogText, MayHaveNoiseBetweenItsLines) {
  const std::string noise =
      "2024-09-08 16:53:52.437311: I tensorflow/core/util/port.cc:110] oneDNN custom operations "
      "are on.\n"
      "E0000 00:00:1756796299.143944 29 cuda_dnn.cc:8310] Unable to register cuDNN factory: one is "
      "registered\n";
  expect_unchanged([&](const std::string& text) {
    return per_line(text, [&](const std::string& line) { return noise + line; });
  });
}

TEST(VendorLogText, CutAnywhereNamesNoLayerThatIsNotInTheLog) {
  for (const LabelledLog& log : logs()) {
    for (size_t size = 0; size < log.text.size(); size += 1 + log.text.size() / 1500) {
      const LogExplanation told = explain_log(log.text.substr(0, size));
      ASSERT_NE(find_family(told.family), nullptr) << log.file;
      for (const std::string& layer : told.layers) {
        ASSERT_TRUE(holds_name(log.text, layer))
            << log.file << " cut after " << size << ": " << layer;
      }
    }
  }
}

TEST(VendorLogText, MayComeInPieces) {
  for (const LabelledLog& log : logs()) {
    LogExplainer explainer;
    for (const char c : log.text) explainer.feed({&c, 1});
    const LogExplanation told = explainer.finish();
    EXPECT_EQ(told.family, log.label.at("family")) << log.file;
  }
}

TEST(VendorLogText, OfOneEndlessLineStaysSmall) {
  LogExplainer explainer;
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 64; ++i) explainer.feed(block);
  explainer.feed("\nMemory units capacity exceeded (available: 128, required: 138)\n");
  const LogExplanation told = explainer.finish();
  EXPECT_EQ(told.family, "memory_units");
  EXPECT_EQ(told.lines, 2);
}

TEST(VendorLogText, OfAnyBytesEndsInAVerdict) {
  uint32_t seed = 1;
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    for (int i = 0; i < 400; ++i) {
      seed = seed * 1664525u + 1013904223u;
      bytes += static_cast<char>(seed >> 24);
    }
    const LogExplanation told = explain_log(bytes);
    EXPECT_NE(find_family(told.family), nullptr);
    EXPECT_TRUE(told.layers.empty());
  }
}

TEST(VendorLogFile, ThatIsMissingOrAFolderIsAnError) {
  EXPECT_EQ(explain_log_file("/nonexistent/x.log").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(explain_log_file("/").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(explain_log_file("/dev/zero").error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace tessera::hailo
