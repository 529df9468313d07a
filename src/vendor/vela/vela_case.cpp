#include "vendor/vela/vela_case.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <charconv>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/hash.h"
#include "base/process.h"
#include "base/system_error.h"
#include "tessera/file.h"
#include "vendor/step_store.h"

namespace tessera::vela {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConsole = "console.log";
constexpr uint64_t kMaxTextBytes = uint64_t{64} << 20;
constexpr uint64_t kMaxNetworkBytes = uint64_t{2} << 30;
constexpr int kOldestMajor = 5;
constexpr int kOldestMinor = 2;

Result<std::string> read_text(const fs::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxTextBytes));
  return std::string(bytes.begin(), bytes.end());
}

bool tells_full_disk(std::string_view console) {
  return console.find("No space left on device") != std::string_view::npos;
}

// A TensorFlow Lite file: its identifier stands behind the offset of its root.
bool is_network(const fs::path& path) {
  const auto bytes = read_file(path, kMaxNetworkBytes);
  constexpr std::string_view kIdentifier = "TFL3";
  return bytes && bytes->size() > 8 &&
         std::equal(kIdentifier.begin(), kIdentifier.end(), bytes->begin() + 4);
}

class CaseRun {
 public:
  CaseRun(const VelaCase& one, const VelaOptions& options, const std::string& version,
          StepStore store)
      : case_(one), options_(options), version_(version), store_(std::move(store)) {
    result_.name = one.name;
  }

  Result<VelaResult> run() {
    TESSERA_TRY_VOID(check());
    TESSERA_TRY(const std::string key, key_of());
    TESSERA_TRY(std::optional<StoredStep> stored, store_.find(key));
    if (stored && !stored->succeeded && options_.retry_failures) {
      store_.forget(key);
      stored.reset();
    }
    result_.from_store = stored.has_value();
    if (!stored) {
      TESSERA_TRY(stored, perform(key));
    }
    result_.log = stored->folder / kConsole;
    result_.seconds = stored->seconds;
    if (result_.from_store) {
      TESSERA_TRY(const std::string console, read_text(result_.log));
      read_what_it_made(stored->folder, console);
      judge(console, stored->end);
    }
    result_.succeeded = stored->succeeded;
    if (result_.succeeded) result_.compiled = stored->folder / stored->output;
    return std::move(result_);
  }

 private:
  Result<void> check() const {
    const bool plain =
        !case_.name.empty() && std::all_of(case_.name.begin(), case_.name.end(), [](char c) {
          return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
        });
    if (plain) return {};
    return TESSERA_ERROR(kInvalidArgument, case_.name, "is no name for a network of the compiler",
                         "use letters, digits and '_'");
  }

  // Everything that decides what Vela makes. Where the file lies changes nothing.
  Result<std::string> key_of() const {
    ContentHasher hasher;
    const auto add = [&](std::string_view text) {
      hasher.update(fmt::format("{}:", text.size()));
      hasher.update(text);
    };
    add(version_);
    for (const std::string& argument : arguments_of(options_.configuration)) add(argument);
    if (options_.configuration.config_file.starts_with('/')) {
      TESSERA_TRY(const std::string hash, hash_of_file(options_.configuration.config_file));
      add(hash);
    }
    TESSERA_TRY(const std::string hash, hash_of_file(case_.network));
    add(hash);
    return fmt::format("{}-vela-{}", case_.name, hasher.hex());
  }

  Result<std::optional<StoredStep>> perform(const std::string& key) {
    TESSERA_TRY(const fs::path work, store_.begin(key));
    auto done = perform_in(work, key);
    if (!done) store_.drop(work);
    return done;
  }

  Result<std::optional<StoredStep>> perform_in(const fs::path& work, const std::string& key) {
    std::error_code failed;
    fs::copy_file(case_.network, work / (case_.name + ".tflite"), failed);
    if (failed) return system_error(failed.value(), case_.network.string(), "copy");
    ProcessOptions process;
    process.program = options_.program;
    process.arguments = arguments_of(options_.configuration);
    process.arguments.push_back(case_.name + ".tflite");
    process.folder = work;
    process.output = work / kConsole;
    process.environment = options_.environment;
    process.time_limit = options_.time_limit;
    process.grace = options_.grace;
    process.is_cancelled = options_.is_cancelled;
    if (options_.on_output)
      process.on_output = [&](std::string_view text) { options_.on_output(case_.name, text); };
    TESSERA_TRY(const ProcessEnd end, run_process(process));
    if (end.how == ProcessEnd::How::cancelled) {
      return TESSERA_ERROR(kCancelled, case_.name, "stopped",
                           "run it again: finished networks are kept");
    }
    return keep(work, key, end);
  }

  // Whether Vela made what it should, and what of it is kept.
  Result<std::optional<StoredStep>> keep(const fs::path& work, const std::string& key,
                                         const ProcessEnd& end) {
    TESSERA_TRY(const std::string console, read_text(work / kConsole));
    StoredStep step{work, false, to_string(end), "", end.seconds};
    std::string fault;
    if (end.succeeded()) fault = read_what_it_made(work, console);
    if (end.how == ProcessEnd::How::timed_out) {
      result_.kind = RefusalKind::timeout;
      result_.refusal = fmt::format("timeout: {}", to_string(end));
    } else if (end.succeeded() && !fault.empty()) {
      result_.kind = RefusalKind::crash;
      result_.refusal = fmt::format("crash: exit code 0, and {}", fault);
    } else {
      judge(console, to_string(end));
    }
    const bool passing = result_.kind == RefusalKind::timeout || result_.kind == RefusalKind::crash;
    if (!passing) {
      step.succeeded = result_.kind == RefusalKind::none;
      if (step.succeeded) step.output = network_file(case_.name);
      TESSERA_TRY(StoredStep kept, store_.finish(key, work, std::move(step)));
      return std::optional(std::move(kept));
    }
    // What may pass by another day is not remembered; its log stays until it is tried again.
    const fs::path failed = work.parent_path() / (key + ".failed");
    std::error_code ignored;
    fs::remove_all(failed, ignored);
    fs::rename(work, failed, ignored);
    if (tells_full_disk(console)) {
      return TESSERA_ERROR(kNoSpace, failed.string(),
                           "the compiler found no space left on the disk",
                           "free some space, also in the folder for temporary files, and run it "
                           "again: finished networks are kept");
    }
    step.folder = failed;
    return std::optional(std::move(step));
  }

  // Fills in figures and CPU operators. Returns what is missing or damaged; empty if nothing is.
  std::string read_what_it_made(const fs::path& folder, const std::string& console) {
    result_.cpu_operators = read_cpu_operators(console);
    const auto summary = read_text(folder / summary_file(case_.name, options_.configuration));
    if (!summary) return "it made no summary";
    const auto operators = read_text(folder / operators_file(case_.name));
    if (!operators) return "it made no table of operators";
    auto figures = read_figures(*summary, *operators);
    if (!figures) return fmt::format("{} {}", figures.error().subject, figures.error().message);
    if (!is_network(folder / network_file(case_.name))) return "it made no network";
    add_unexplained(*figures);
    result_.figures = std::move(*figures);
    return "";
  }

  // Operators that the table has on the CPU without a word of warning.
  void add_unexplained(const VelaFigures& figures) {
    std::set<std::string> explained;
    for (const CpuOperator& one : result_.cpu_operators) explained.insert(one.value);
    for (const ScheduledOperator& one : figures.operators) {
      if (one.on_npu || !explained.insert(one.value).second) continue;
      result_.cpu_operators.push_back({one.original, one.value, "Vela gives no reason", ""});
    }
  }

  void judge(const std::string& console, const std::string& end) {
    const VelaConfiguration& configuration = options_.configuration;
    const std::string error = read_error(console);
    if (!result_.figures) {
      // An error of the network's is one wherever it is compiled; anything else is not.
      const bool of_network = !error.empty() && !tells_full_disk(console);
      result_.kind = of_network ? RefusalKind::error : RefusalKind::crash;
      result_.refusal = fmt::format("{}: {}", to_string(result_.kind), error.empty() ? end : error);
      return;
    }
    if (!result_.cpu_operators.empty()) {
      const CpuOperator& first = result_.cpu_operators.front();
      result_.kind = RefusalKind::cpu;
      result_.refusal = fmt::format("cpu: {} of '{}' would run on the CPU: {}", first.op,
                                    first.value, first.reason);
      if (!first.rule.empty()) result_.refusal += fmt::format(" ({})", first.rule);
      return;
    }
    if (configuration.values_in_sram &&
        result_.figures->sram_bytes > static_cast<double>(configuration.sram_bytes)) {
      result_.kind = RefusalKind::memory;
      result_.refusal = fmt::format("memory: takes {:.0f} bytes of SRAM, there are {}",
                                    result_.figures->sram_bytes, configuration.sram_bytes);
    }
  }

  const VelaCase& case_;
  const VelaOptions& options_;
  const std::string& version_;
  StepStore store_;
  VelaResult result_;
};

// "5.2.0" in numbers; nullopt for anything else.
std::optional<std::pair<int, int>> version_numbers(std::string_view text) {
  int major = 0;
  int minor = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, major);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, minor);
  if (second.ec != std::errc()) return std::nullopt;
  return std::pair(major, minor);
}

}  // namespace

std::string_view to_string(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::none: return "none";
    case RefusalKind::cpu: return "cpu";
    case RefusalKind::memory: return "memory";
    case RefusalKind::error: return "error";
    case RefusalKind::timeout: return "timeout";
    case RefusalKind::crash: return "crash";
  }
  return "?";
}

Result<std::string> vela_version(const VelaOptions& options) {
  const auto unavailable = [&](const std::string& why) {
    return TESSERA_ERROR(kUnavailable, options.program, why,
                         "install it ('pip install ethos-u-vela==5.2.0') and put its 'vela' into "
                         "PATH, or name the program");
  };
  TESSERA_TRY(const StepStore store, StepStore::open(options.store));
  TESSERA_TRY(const fs::path work, store.begin("version"));
  std::string text;
  ProcessOptions process;
  process.program = options.program;
  process.arguments = {"--version"};
  process.folder = work;
  process.output = work / kConsole;
  process.environment = options.environment;
  process.time_limit = std::chrono::minutes(1);
  if (options.time_limit) process.time_limit = std::min(*process.time_limit, *options.time_limit);
  process.grace = options.grace;
  process.is_cancelled = options.is_cancelled;
  process.on_output = [&](std::string_view more) { text += more.substr(0, 10000); };
  const auto end = run_process(process);
  store.drop(work);
  if (!end && end.error().code == ErrorCode::kNotFound) return unavailable("is not installed here");
  if (!end) return end.error();
  if (!end->succeeded())
    return unavailable(fmt::format("does not tell its version: {}", to_string(*end)));
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.pop_back();
  const auto numbers = version_numbers(text);
  if (!numbers || text.size() > 64) return unavailable("does not tell the version of a Vela");
  if (*numbers < std::pair(kOldestMajor, kOldestMinor)) {
    return unavailable(
        fmt::format("is version {}, too old: {}.{} is the oldest that the targets speak of", text,
                    kOldestMajor, kOldestMinor));
  }
  return text;
}

Result<VelaResult> run_vela_case(const VelaCase& one, const VelaOptions& options,
                                 const std::string& version) {
  TESSERA_TRY(StepStore store, StepStore::open(options.store));
  return CaseRun(one, options, version, std::move(store)).run();
}

std::vector<Result<VelaResult>> run_vela_cases(const std::vector<VelaCase>& cases,
                                               const VelaOptions& options,
                                               const std::string& version, int jobs) {
  std::vector<Result<VelaResult>> results;
  for (const VelaCase& one : cases)
    results.push_back(TESSERA_ERROR(kCancelled, one.name, "not begun", "run it again"));
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next.fetch_add(1); i < cases.size(); i = next.fetch_add(1)) {
      if (options.is_cancelled && options.is_cancelled()) return;
      results[i] = run_vela_case(cases[i], options, version);
    }
  };
  std::vector<std::thread> others;
  const size_t wanted = std::min(cases.size(), static_cast<size_t>(std::max(1, jobs)));
  for (size_t i = 1; i < wanted; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  return results;
}

}  // namespace tessera::vela
