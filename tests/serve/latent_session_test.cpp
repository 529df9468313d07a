#include "serve/latent_session.h"

#include <gtest/gtest.h>

#include <random>

namespace tessera {
namespace {

// Frame t of series s holds 1000 s + t, so that every window tells where it was cut.
FrameBlock frames_of(const WindowContract& contract, int64_t begin, int64_t rows) {
  FrameBlock block{"", rows, {}};
  for (int64_t s = 0; s < contract.columns * contract.devices; ++s) {
    for (int64_t t = 0; t < rows; ++t)
      block.values.push_back(static_cast<float>(1000 * s + begin + t));
  }
  return block;
}

TEST(LatentSessions, CutTheSameWindowsHoweverFramesArrive) {
  std::mt19937 random(5);
  for (int trial = 0; trial < 60; ++trial) {
    const WindowContract contract{.rows = 1 + static_cast<int64_t>(random() % 9),
                                  .columns = 1 + static_cast<int64_t>(random() % 3),
                                  .devices = 1 + static_cast<int64_t>(random() % 2),
                                  .ranges = {}};
    const int64_t hop = 1 + static_cast<int64_t>(random() % 14);
    LatentSession session(contract, contract.devices, {hop, 1000});
    std::vector<int64_t> begins;
    int64_t frames = 0;
    while (frames < 80) {
      const int64_t rows = 1 + static_cast<int64_t>(random() % 30);
      const FrameBlock block = frames_of(contract, frames, rows);
      std::vector<std::vector<float>> latents;
      for (const auto& window : session.windows_with(block)) {
        const auto begin = static_cast<int64_t>(window[0]);
        begins.push_back(begin);
        for (int64_t s = 0; s < contract.columns * contract.devices; ++s) {
          for (int64_t t = 0; t < contract.rows; ++t)
            ASSERT_EQ(window[static_cast<size_t>(s * contract.rows + t)],
                      static_cast<float>(1000 * s + begin + t));
        }
        latents.emplace_back(static_cast<size_t>(contract.devices), static_cast<float>(begin));
      }
      session.take(block, latents);
      frames += rows;
    }
    std::vector<int64_t> expected;
    for (int64_t begin = 0; begin + contract.rows <= frames; begin += hop)
      expected.push_back(begin);
    EXPECT_EQ(begins, expected) << "rows " << contract.rows << ", hop " << hop;
    EXPECT_EQ(session.frames(), frames);
    EXPECT_EQ(session.latents(), static_cast<int64_t>(expected.size()));
    EXPECT_EQ(session.series(contract.devices - 1).count(), static_cast<int64_t>(expected.size()));
  }
}

TEST(LatentSessions, KeepTheLastOnesOfEachDevice) {
  const WindowContract contract{.rows = 1, .columns = 1, .devices = 2, .ranges = {}};
  LatentSession session(contract, 4, {1, 3});
  for (int64_t t = 0; t < 10; ++t) {
    const FrameBlock block = frames_of(contract, t, 1);
    const auto at = static_cast<float>(t);
    session.take(block, {{at, at + 0.5F, -at, -at - 0.5F}});
  }
  EXPECT_EQ(session.kept(), 3);
  EXPECT_EQ(session.first_kept(), 7);
  EXPECT_EQ(session.series(0).values, (std::vector<float>{7, 7.5F, 8, 8.5F, 9, 9.5F}));
  EXPECT_EQ(session.series(1).values, (std::vector<float>{-7, -7.5F, -8, -8.5F, -9, -9.5F}));
}

TEST(LatentSessions, KeepNothingOfFramesThatWereNotTaken) {
  const WindowContract contract{.rows = 4, .columns = 1, .devices = 1, .ranges = {}};
  LatentSession session(contract, 1, {2, 10});
  const FrameBlock block = frames_of(contract, 0, 6);
  EXPECT_EQ(session.windows_with(block).size(), 2u);
  EXPECT_EQ(session.windows_with(block), session.windows_with(block));
  EXPECT_EQ(session.frames(), 0);
}

}  // namespace
}  // namespace tessera
