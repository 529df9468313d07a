// Jobs that wait: their order, their bound, and how workers share them.
#include "serve/batch_queue.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "serve/task_pool.h"

namespace tessera {
namespace {

std::vector<int> jobs(int from, int count) {
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(from + i);
  return numbers;
}

TEST(BatchQueue, TakesAllOrNone) {
  BatchQueue<int> queue(4, 1);
  std::vector<int> three = jobs(0, 3);
  EXPECT_TRUE(queue.push(three));
  std::vector<int> two = jobs(3, 2);
  EXPECT_FALSE(queue.push(two));
  EXPECT_EQ(two, jobs(3, 2));
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.pop(10), jobs(0, 3));
}

TEST(BatchQueue, HandsOutTheOldestFirstAndNoMoreThanAShare) {
  BatchQueue<int> queue(16, 2);
  std::vector<int> six = jobs(0, 6);
  ASSERT_TRUE(queue.push(six));
  EXPECT_EQ(queue.pop(8), jobs(0, 3));  // half of them: another worker has the rest
  EXPECT_EQ(queue.pop(1), jobs(3, 1));
  EXPECT_EQ(queue.pop(8), jobs(4, 1));
  EXPECT_EQ(queue.pop(8), jobs(5, 1));
}

TEST(BatchQueue, HandsOutWhatWaitsAfterItWasClosed) {
  BatchQueue<int> queue(4, 1);
  std::vector<int> one = jobs(7, 1);
  ASSERT_TRUE(queue.push(one));
  queue.close();
  std::vector<int> late = jobs(8, 1);
  EXPECT_FALSE(queue.push(late));
  EXPECT_EQ(queue.pop(4), jobs(7, 1));
  EXPECT_TRUE(queue.pop(4).empty());
}

TEST(BatchQueue, LosesNothingBetweenThreads) {
  constexpr int kJobs = 20000;
  BatchQueue<int> queue(64, 3);
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> workers;
  for (int w = 0; w < 3; ++w) {
    workers.emplace_back([&] {
      for (auto taken = queue.pop(5); !taken.empty(); taken = queue.pop(5)) {
        for (const int job : taken) sum += job;
      }
    });
  }
  for (int i = 0; i < kJobs;) {
    std::vector<int> one = jobs(i, 1);
    if (queue.push(one)) ++i;
  }
  queue.close();
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(sum.load(), int64_t{kJobs} * (kJobs - 1) / 2);
}

TEST(TaskPool, DoesWhatWaitsBeforeItEnds) {
  std::atomic<int> done{0};
  {
    TaskPool pool(2, 100);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.submit([&] { ++done; }));
  }
  EXPECT_EQ(done.load(), 50);
}

}  // namespace
}  // namespace tessera
