#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "tessera/backend.h"

namespace tessera {
namespace {

TEST(BackendRegistry, KnowsTheReference) {
  const std::vector<std::string_view> names = backend_names();
  EXPECT_NE(std::find(names.begin(), names.end(), "reference"), names.end());
}

TEST(BackendRegistry, HasTwoBackendsThatAMachineMayLack) {
  std::vector<std::string_view> optional;
  for (std::string_view name : backend_names()) {
    if (backend_is_optional(name)) optional.push_back(name);
  }
  EXPECT_EQ(optional, (std::vector<std::string_view>{"hailo", "torch"}));
}

TEST(BackendRegistry, MakesEveryBackendItNamesOrSaysWhyAnOptionalOneIsNotThere) {
  for (std::string_view name : backend_names()) {
    const auto backend = make_backend(name);
    if (backend) {
      EXPECT_EQ((*backend)->probe().backend, name);
      EXPECT_TRUE((*backend)->probe().available);
    } else {
      EXPECT_TRUE(backend_is_optional(name)) << backend.error().to_string();
      EXPECT_EQ(backend.error().code, ErrorCode::kUnavailable);
      EXPECT_NE(backend.error().hint, "");
    }
  }
}

TEST(BackendRegistry, ListsTheKnownNamesForAnUnknownOne) {
  const auto backend = make_backend("gpu");
  ASSERT_FALSE(backend.has_value());
  EXPECT_EQ(backend.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      backend.error().to_string().rfind("backend 'gpu': is unknown (known backends: reference", 0),
      0U);
}

TEST(BackendRegistry, RefusesANegativeNumberOfThreads) {
  EXPECT_EQ(make_backend("reference", {.threads = -1}).error().to_string(),
            "backend options: -1 threads make no sense (use 0 for as many as the process may use, "
            "or a number from 1)");
}

TEST(Registry, ThreadsBeyondAllProcessorsAreNotStarted) {
  const auto backend = make_backend("cpu", {.threads = 100'000}).value();
  EXPECT_LE(backend->probe().threads,
            std::max<int>(16, static_cast<int>(std::thread::hardware_concurrency())));
}

}  // namespace
}  // namespace tessera
