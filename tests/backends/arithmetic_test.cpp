// Every backend tells its arithmetic, and none drops integers in silence.
#include <gtest/gtest.h>

#include "support/integer_reference.h"
#include "support/random_graph.h"
#include "support/random_values.h"
#include "tessera/session.h"

namespace tessera {
namespace {

using Outputs = std::vector<std::vector<float>>;

TEST(Arithmetic, IsToldByEveryBackend) {
  for (const std::string_view name : backend_names()) {
    const auto backend = make_backend(name);
    if (!backend && backend_is_optional(name)) continue;  // not on this machine
    ASSERT_TRUE(backend.has_value()) << backend.error().to_string();
    EXPECT_EQ((*backend)->arithmetic(),
              name == "emulator" || name == "hailo" ? Arithmetic::integer : Arithmetic::float32)
        << name;
  }
}

TEST(Arithmetic, EachHasADefaultBackendThatComputesWithIt) {
  for (const Arithmetic arithmetic : {Arithmetic::float32, Arithmetic::integer}) {
    const std::string_view name = default_backend(arithmetic);
    EXPECT_FALSE(backend_is_optional(name));
    EXPECT_EQ(make_backend(name).value()->arithmetic(), arithmetic) << name;
  }
  EXPECT_EQ(to_string(Arithmetic::float32), "float32");
  EXPECT_EQ(to_string(Arithmetic::integer), "integer");
}

class FloatArithmetic : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto made = make_backend(GetParam());
    if (!made) {
      ASSERT_TRUE(backend_is_optional(GetParam())) << made.error().to_string();
      GTEST_SKIP() << made.error().to_string();
    }
    backend_ = std::move(*made);
  }
  Outputs run(const Encodings* encodings, EncodingsUse use = EncodingsUse::obey) {
    auto session = Session::create(graph_, *backend_, encodings, use);
    EXPECT_TRUE(session.has_value()) << session.error().to_string();
    const Outputs inputs = test::random_inputs(graph_, 5);
    return session->run(std::vector<ConstValues>(inputs.begin(), inputs.end())).value();
  }

  std::unique_ptr<Backend> backend_;
  const Graph graph_ = test::random_conv_tasnet(5);
  const Encodings encodings_ = test::random_encodings(graph_, 5);
};

INSTANTIATE_TEST_SUITE_P(All, FloatArithmetic, ::testing::Values("reference", "cpu", "torch"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(FloatArithmetic, RefusesEncodingsThatItWouldNotObey) {
  const auto refused = backend_->load({graph_, &encodings_});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().to_string(),
            "backend '" + std::string(GetParam()) +
                "': computes in float32 and would not obey the encodings of this network (use a "
                "backend of integer arithmetic, or EncodingsUse::ignore for the network as it was "
                "before it was quantised)");
}

TEST_P(FloatArithmetic, LeavesEncodingsOutWhereTheCallerSaysSo) {
  EXPECT_EQ(run(&encodings_, EncodingsUse::ignore), run(nullptr));
}

TEST_P(FloatArithmetic, TakesEncodingsOfNothing) {
  const Encodings nothing;
  EXPECT_EQ(run(&nothing), run(nullptr));
}

}  // namespace
}  // namespace tessera
