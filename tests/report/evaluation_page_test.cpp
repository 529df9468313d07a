#include "report/evaluation_page.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(EvaluationPage, NamesOfFilesCannotBecomePartOfThePage) {
  EvaluationPage page;
  page.title = "<script>alert(1)</script>";
  page.lines = {"a & b"};
  page.drawing = "<svg></svg>";
  page.examples_title = "worst";
  page.examples = {{"\"><img src=x>", {"<b>"}, {{"mix", "worst/01_\".wav"}}}};
  const std::string html = print_page(page);
  for (const char* bad : {"<script>", "<img", "<b>", "01_\".wav"})
    EXPECT_EQ(html.find(bad), std::string::npos) << bad;
  EXPECT_NE(html.find("a &amp; b"), std::string::npos);
  EXPECT_NE(html.find("<svg></svg>"), std::string::npos);
  EXPECT_NE(html.find("<audio controls preload=\"none\" src=\"worst/01_&quot;.wav\">"),
            std::string::npos);
}

}  // namespace
}  // namespace tessera
