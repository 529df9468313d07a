// Random operators and small networks as TensorFlow Lite files, each with our verdict on it: what
// tests/vela/verdicts gives to Vela.
//
// usage: vela_networks TARGET FOLDER COUNT SEED
//
// Writes FOLDER/NNNNN.tflite, FOLDER/verdicts.tsv (file, kind, verdict, rule, value, seconds of a
// call by the target's figures, memory at least and estimated) and FOLDER/configuration.tsv (how
// Vela is called). What the writer refuses has no file.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/random_graph.h"
#include "target/chip_demand.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/target.h"
#include "tessera/file.h"
#include "vela/random_operator.h"
#include "vendor/vela/vela_command.h"

namespace {

using namespace tessera;
namespace fs = std::filesystem;

struct Network {
  std::string kind;
  Graph graph;
};

// Operators for the most part; small networks of anything; and pieces of planned separators.
Result<Network> network_of(uint32_t seed, const Target& target) {
  const uint32_t choice = seed % 10;
  if (choice == 8) return Network{"network", test::random_graph(seed, {.nodes = 6, .most_w = 60})};
  if (choice < 9) {
    test::RandomOperator one = test::random_operator(seed);
    return Network{std::move(one.kind), std::move(one.graph)};
  }
  Graph legal = test::random_conv_tasnet(seed);
  TESSERA_TRY_VOID(rewrite(legal));
  TESSERA_TRY(Plan plan, make_plan(legal, target));
  for (ChipSegment& segment : plan.segments) {
    if (!segment.pieces.empty()) return Network{"piece", std::move(segment.pieces[0].graph)};
  }
  return Network{"network", test::random_graph(seed, {.nodes = 6, .most_w = 60})};
}

Result<void> write(const fs::path& path, const std::string& text) {
  return write_file_atomically(path, std::string_view(text), {.force = true});
}

Result<void> run(const std::string& name, const fs::path& folder, int64_t count, int64_t seed) {
  const fs::path targets[] = {TESSERA_SOURCE_DIR "/targets"};
  TESSERA_TRY(const Target target, find_target(name, targets));
  TESSERA_TRY(const vela::VelaConfiguration how, vela::configuration_of(target));
  TESSERA_TRY_VOID(ensure_directory(folder));
  std::string configuration;
  for (const std::string& argument : vela::arguments_of(how)) configuration += argument + "\n";
  TESSERA_TRY_VOID(write(folder / "arguments.txt", configuration));
  std::string rows = "file\tkind\tverdict\trule\tvalue\tcall_s\tmemory_least\tmemory_estimated\n";
  auto own = static_cast<uint32_t>(seed * 1'000'003);
  for (int64_t i = 0; i < count; ++own) {
    TESSERA_TRY(const Network network, network_of(own, target));
    const CheckReport report = check(network.graph, target);
    const auto bytes = export_tflite(network.graph, test::uniform_encodings(network.graph, own));
    // Codes that no quantiser would choose, as sums that leave 32 bits: another network instead.
    if (!bytes && bytes.error().code != ErrorCode::kUnsupported) continue;
    const std::string file = bytes ? fmt::format("{:05}.tflite", i) : std::string("-");
    if (bytes) TESSERA_TRY_VOID(write_file_atomically(folder / file, *bytes, {.force = true}));
    const Violation* first = nullptr;
    for (const Violation& violation : report.violations) {
      if (violation.verdict == report.verdict && first == nullptr) first = &violation;
    }
    rows +=
        fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", file, network.kind,
                    to_string(report.verdict), first == nullptr ? "" : first->rule,
                    first == nullptr ? "" : first->value, compute_seconds(network.graph, target),
                    report.memory_at_least_bytes, report.memory_estimated_bytes);
    ++i;
  }
  return write(folder / "verdicts.tsv", rows);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: vela_networks TARGET FOLDER COUNT SEED\n", stderr);
    return 2;
  }
  const auto done = run(argv[1], argv[2], std::atoll(argv[3]), std::atoll(argv[4]));
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().to_string().c_str());
  return 1;
}
