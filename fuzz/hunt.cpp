#include "hunt.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace tessera {
namespace {

// What the process that runs the harness leaves for the one that waits for it.
struct Shared {
  int64_t inputs = 0;
  bool is_running = false;  // an input: the next one, of `size` bytes
  size_t size = 0;
  uint8_t bytes[1];
};

Shared* share(size_t most_bytes) {
  void* memory = ::mmap(nullptr, sizeof(Shared) + most_bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : new (memory) Shared;
}

void run_until(std::chrono::steady_clock::time_point end, Mutator& mutator,
               const HuntOptions& options, Shared& shared) {
  while (std::chrono::steady_clock::now() < end) {
    const InputBytes input = mutator.next();
    std::copy(input.begin(), input.end(), shared.bytes);
    shared.size = input.size();
    shared.is_running = true;
    ::alarm(static_cast<unsigned>(options.most_seconds_each));
    LLVMFuzzerTestOneInput(input.data(), input.size());
    shared.is_running = false;
    ++shared.inputs;
  }
  ::alarm(0);
}

void tell_finding(int status, const HuntOptions& options, const Shared& shared) {
  if (!shared.is_running) {
    std::printf("the process failed at its end: some input leaks\n");
    return;
  }
  std::ofstream file(options.finding, std::ios::binary);
  file.write(reinterpret_cast<const char*>(shared.bytes),
             static_cast<std::streamsize>(shared.size));
  const bool is_slow = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
  std::printf("input %lld of seed %llu %s: %zu bytes in %s%s\n",
              static_cast<long long>(shared.inputs + 1),
              static_cast<unsigned long long>(options.seed),
              is_slow ? "takes too long" : "ended the process", shared.size,
              options.finding.c_str(), file.good() ? "" : " (not written)");
}

}  // namespace

bool hunt(std::vector<InputBytes> seeds, const HuntOptions& options) {
  Shared* shared = share(options.most_bytes);
  if (shared == nullptr) {
    std::perror("mmap");
    return false;
  }
  const auto begin = std::chrono::steady_clock::now();
  std::fflush(stdout);  // else both print what is waiting
  const pid_t child = ::fork();
  if (child == 0) {
    Mutator mutator(std::move(seeds), options.seed, options.most_bytes);
    run_until(begin + std::chrono::seconds(options.seconds), mutator, options, *shared);
    std::exit(0);  // looks for leaks
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) {
    std::perror("fork");
    return false;
  }
  if (status != 0) tell_finding(status, options, *shared);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  std::printf("%lld inputs of seed %llu in %.0f s\n", static_cast<long long>(shared->inputs),
              static_cast<unsigned long long>(options.seed), taken.count());
  return status == 0;
}

}  // namespace tessera
