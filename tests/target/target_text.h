// Target files for tests: the real ones, and copies with one thing changed.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tessera/compiler/target.h"
#include "tessera/file.h"

namespace tessera {

inline std::string target_text(const std::string& name) {
  auto bytes = read_file(std::string(TESSERA_SOURCE_DIR "/targets/") + name + ".toml", 1 << 20);
  EXPECT_TRUE(bytes) << (bytes ? "" : bytes.error().to_string());
  return bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
}

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

inline Target real_target(const std::string& name) {
  auto target = parse_target(target_text(name), name + ".toml");
  EXPECT_TRUE(target) << (target ? "" : target.error().to_string());
  return target ? std::move(*target) : Target{};
}

}  // namespace tessera
