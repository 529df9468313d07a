// One network on the cpu backend, timed on request: Tessera's worker beside those of
// bench/peer_runtimes/peer_worker.py, speaking the same lines.
//
// usage: bench_serve_network MODEL THREADS INPUT.npy OUTPUT.npy [INSTRUCTION_SET]
//
// Runs once, writes OUTPUT.npy and prints "ready VERSION"; then answers every "run" on standard
// input with the milliseconds of one inference.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "base/npy.h"
#include "instruction_set.h"
#include "tessera/compiler/import.h"
#include "tessera/session.h"

namespace {

using tessera::Result;

Result<void> serve(const char* model_path, int threads, const char* input_path,
                   const char* output_path) {
  TESSERA_TRY(const auto input, tessera::read_npy(input_path));
  tessera::ImportOptions options;
  options.length_samples = static_cast<int64_t>(input.values.size());
  TESSERA_TRY(const auto model, tessera::import_model(model_path, options));
  TESSERA_TRY(const auto backend, tessera::make_backend("cpu", {.threads = threads}));
  TESSERA_TRY(auto session, tessera::Session::create(model.graph, *backend));
  TESSERA_TRY(auto outputs, session.run({input.values}));
  const auto& shape = session.signature().outputs[0].shape;
  const int64_t dims[] = {shape.c, shape.h, shape.w};
  TESSERA_TRY_VOID(tessera::write_npy(output_path, dims, outputs[0], {.force = true}));
  std::printf("ready %s\n", TESSERA_VERSION);
  std::fflush(stdout);

  const tessera::ConstValues inputs[] = {input.values};
  const tessera::Values results[] = {outputs[0]};
  for (std::string line; std::getline(std::cin, line) && line == "run";) {
    const auto start = std::chrono::steady_clock::now();
    TESSERA_TRY_VOID(session.run(inputs, results));
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - start;
    std::printf("%.3f\n", taken.count());
    std::fflush(stdout);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::fprintf(stderr,
                 "usage: bench_serve_network MODEL THREADS INPUT.npy OUTPUT.npy "
                 "[INSTRUCTION_SET]\n");
    return 2;
  }
  if (argc == 6 && !tessera::bench::use_instruction_set(argv[5])) {
    std::fprintf(stderr, "error: this processor has no %s\n", argv[5]);
    return 1;
  }
  const auto done = serve(argv[1], std::atoi(argv[2]), argv[3], argv[4]);
  if (!done) {
    std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str());
    return 1;
  }
}
