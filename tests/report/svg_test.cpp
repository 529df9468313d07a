#include "report/svg.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(Svg, EscapesWhatXmlMeans) {
  EXPECT_EQ(xml_escaped("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;");
}

TEST(Svg, KeepsUtf8AndReplacesWhatXmlCannotHold) {
  EXPECT_EQ(xml_escaped("gr\xc3\xbc\xc3\x9f"
                        "e\xff\x01.pth\xe2\x82"),
            "gr\xc3\xbc\xc3\x9f"
            "e\xef\xbf\xbd .pth\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace tessera
