#include "base/threads/work_queue.h"

#include <vector>

#include <gtest/gtest.h>

namespace tessera::cpu {
namespace {

std::vector<size_t> all_by(WorkQueue& queue, size_t thread) {
  std::vector<size_t> items;
  for (size_t item = 0; queue.take(thread, item);) items.push_back(item);
  return items;
}

TEST(WorkQueue, AThreadDoesItsOwnInOrderAndThenHelpsTheOthers) {
  WorkQueue queue(2);
  queue.reset(5);
  EXPECT_EQ(all_by(queue, 1), (std::vector<size_t>{2, 3, 4, 0, 1}));
}

TEST(WorkQueue, BackwardsAThreadBeginsWithTheLastOfItsOwn) {
  WorkQueue queue(2);
  queue.reset(5, true);
  EXPECT_EQ(all_by(queue, 1), (std::vector<size_t>{4, 3, 2, 1, 0}));
  queue.reset(5, true);
  EXPECT_EQ(all_by(queue, 0), (std::vector<size_t>{1, 0, 4, 3, 2}));
}

TEST(WorkQueue, FewerItemsThanThreadsAreTakenOnce) {
  WorkQueue queue(3);
  queue.reset(1, true);
  EXPECT_EQ(all_by(queue, 0), std::vector<size_t>{0});
  EXPECT_TRUE(all_by(queue, 2).empty());
}

}  // namespace
}  // namespace tessera::cpu
