#include "deploy/deploy.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/counted.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using Json = nlohmann::ordered_json;

constexpr seconds kShort{30};
constexpr seconds kCheckLimit{600};
constexpr seconds kRestartLimit{180};

// The release serves its models as the unit will, with the models where they lie until the switch.
// The token stands for the machine's own.
constexpr std::string_view kCheckScript = R"sh(
cd "$root/releases/.incoming"
chmod 755 bin/tessera
models=
for model in $(sed -n 's/^MODELS=//p' serve.conf); do
  models="$models ${model%%=*}=$PWD/models/${model##*/}"
done
options=$(sed -n 's/^OPTIONS=//p' serve.conf)
export TESSERA_TOKEN="${TESSERA_TOKEN:-a-token-for-this-check-only}"
./bin/tessera serve $models $options --check </dev/null
)sh";

// A folder of this machine's, gone afterwards.
class Scratch {
 public:
  static Result<Scratch> make() {
    std::error_code failure;
    std::string pattern = (fs::temp_directory_path(failure) / "tessera-release-XXXXXX").string();
    if (failure || ::mkdtemp(pattern.data()) == nullptr)
      return TESSERA_ERROR(kIo, pattern, "no temporary folder can be made",
                           "set TMPDIR to a folder with room");
    return Scratch(pattern);
  }
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit Scratch(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

bool is_id(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'T' || c == 'Z' || c == '-';
  });
}

// Scripts there, whose failure is this error.
class Remote {
 public:
  explicit Remote(const Destination& destination)
      : destination_(destination), root_(single_quoted(destination.folder())) {}

  const std::string& root() const { return root_; }
  Result<std::string> run(const std::string& script, ErrorCode code, const std::string& what,
                          const std::string& next, seconds limit = kShort) const {
    TESSERA_TRY(const ScriptAnswer answer,
                destination_.run("set -eu\nroot=" + root_ + "\n" + script, limit));
    if (answer.code == 0) return answer.output;
    return Error{code, fmt::format("{}: {}", what, trimmed(answer.output)), destination_.name(),
                 next, TESSERA_HERE};
  }

 private:
  const Destination& destination_;
  std::string root_;
};

// Held from before the copy until after the health check; another deployment is refused.
class DeployLock {
 public:
  static Result<DeployLock> take(const Destination& destination, const Remote& there) {
    TESSERA_TRY_VOID(there.run("mkdir -p \"$root/releases\"", ErrorCode::kIo,
                               "the folder cannot be made",
                               "make it there, writable for that user"));
    TESSERA_TRY_VOID(there.run(
        "mkdir \"$root/.deploying\"", ErrorCode::kUnavailable, "another deployment is under way",
        fmt::format("wait for it; if it was cut off: rmdir {}/.deploying", destination.folder())));
    return DeployLock(destination);
  }
  DeployLock(DeployLock&& other) noexcept
      : destination_(std::exchange(other.destination_, nullptr)) {}
  DeployLock& operator=(DeployLock&&) = delete;
  ~DeployLock() {
    if (destination_ == nullptr) return;
    Destination destination = *destination_;
    destination.is_cancelled = nullptr;  // it is given back even by who is asked to stop
    const std::string root = single_quoted(destination.folder());
    (void)destination.run(fmt::format("rm -rf {0}/releases/.incoming; rmdir {0}/.deploying", root),
                          kShort);
  }

 private:
  explicit DeployLock(const Destination& destination) : destination_(&destination) {}
  const Destination* destination_;
};

Result<void> check_machine(const Destination& destination, const Remote& there,
                           const Release& release) {
  TESSERA_TRY(const std::string told,
              there.run("uname -m; df -Pk \"$root\" | awk 'END { print $4 }'",
                        ErrorCode::kUnavailable, "the machine does not tell what it is",
                        "it needs a POSIX shell with uname, df and awk"));
  std::istringstream lines(told);
  std::string machine;
  int64_t free_kib = -1;
  lines >> machine >> free_kib;
  if (machine != release.machine) {
    return TESSERA_ERROR(
        kMismatch, destination.name(),
        fmt::format("is an {}; the program is for {}", machine, release.machine),
        fmt::format("name a 'tessera' that was built for {}: ReleaseOptions::program", machine));
  }
  const auto needed_kib = static_cast<int64_t>(release.bytes / 1024 + 1024);
  if (free_kib >= 0 && free_kib < needed_kib) {
    return TESSERA_ERROR(kNoSpace, destination.name(),
                         fmt::format("{} KiB are free, the release takes {}", free_kib, needed_kib),
                         "make room there, or keep fewer releases: DeployOptions::keep");
  }
  return {};
}

// Copied beside the others under a name of its own; only what is whole and can be served gets its
// destination.
Result<void> install(const Destination& destination, const Remote& there, const fs::path& folder,
                     const Release& release, const DeployStep& on_step) {
  TESSERA_TRY_VOID(there.run("rm -rf \"$root/releases/.incoming\"", ErrorCode::kIo,
                             "what a broken copy left cannot be removed", ""));
  TESSERA_TRY_VOID(destination.copy(folder, destination.folder() + "/releases/.incoming"));
  on_step(fmt::format("copied {:.1f} MB", static_cast<double>(release.bytes) / 1e6));
  TESSERA_TRY_VOID(
      there.run("cd \"$root/releases/.incoming\"; sha256sum -c SHA256SUMS 2>&1 | grep -v ': OK$' "
                "&& exit 1; exit 0",
                ErrorCode::kMismatch, "the release arrived damaged", "run the same command again",
                kCheckLimit));
  TESSERA_TRY_VOID(there.run(
      std::string(kCheckScript), ErrorCode::kUnavailable, "the release cannot be served there",
      "nothing was switched; mend that and run the same command again", kCheckLimit));
  on_step("checked there: every file is whole, every model can be served");
  TESSERA_TRY_VOID(
      there.run(fmt::format("mv \"$root/releases/.incoming\" \"$root/releases/{}\"", release.id),
                ErrorCode::kIo, "the release cannot get its place", ""));
  return {};
}

Result<std::string> current_release(const Remote& there) {
  TESSERA_TRY(
      const std::string told,
      there.run("if [ -L \"$root/current\" ]; then basename \"$(readlink \"$root/current\")\"; fi",
                ErrorCode::kIo, "the link 'current' cannot be read", ""));
  const std::string id = trimmed(told);
  return is_id(id) ? id : std::string();
}

// One rename: whoever looks sees the one release or the other.
Result<void> switch_to(const Remote& there, const std::string& id) {
  TESSERA_TRY_VOID(there.run(fmt::format("ln -sfn releases/{} \"$root/current.new\"; mv -T "
                                         "\"$root/current.new\" \"$root/current\"",
                                         id),
                             ErrorCode::kIo, "the link 'current' cannot be switched",
                             "look at the rights of that folder"));
  return {};
}

Result<void> restart(const Remote& there, const DeployOptions& options) {
  if (options.restart.empty()) return {};
  TESSERA_TRY_VOID(there.run(options.restart, ErrorCode::kUnavailable,
                             fmt::format("'{}' failed", options.restart),
                             "look at the service's log there", kRestartLimit));
  return {};
}

std::vector<std::pair<std::string, std::string>> served_models(const std::string& health) {
  std::vector<std::pair<std::string, std::string>> served;
  const Json document = Json::parse(health, nullptr, false);
  if (!document.is_object() || !document.contains("models") || !document["models"].is_array())
    return served;
  for (const Json& model : document["models"]) {
    if (!model.is_object() || !model.contains("name") || !model.contains("hash")) continue;
    if (!model["name"].is_string() || !model["hash"].is_string()) continue;
    served.emplace_back(model["name"].get<std::string>(), model["hash"].get<std::string>());
  }
  std::sort(served.begin(), served.end());
  return served;
}

// Until the service there answers with exactly these models.
Result<void> wait_for_health(const Destination& destination, const DeployOptions& options,
                             std::vector<std::pair<std::string, std::string>> models) {
  if (options.health_url.empty()) return {};
  std::sort(models.begin(), models.end());
  const std::string url = single_quoted(options.health_url + "/healthz");
  const auto end = std::chrono::steady_clock::now() + options.health_limit;
  std::string reason = "does not answer";
  do {
    TESSERA_TRY(
        const ScriptAnswer answer,
        destination.run(fmt::format("if command -v curl >/dev/null; then curl -fsS -m 5 {0}; "
                                    "else wget -q -T 5 -O - {0}; fi",
                                    url),
                        kShort));
    if (answer.code == 127) {
      return TESSERA_ERROR(kUnavailable, destination.name(),
                           "has neither curl nor wget to ask the service with",
                           "install one of them there");
    }
    if (answer.code == 0 && served_models(answer.output) == models) return {};
    reason = answer.code == 0 ? "serves other models than the release's"
                              : "does not answer: " + trimmed(answer.output);
    TESSERA_TRY_VOID(destination.run("sleep 1", kShort));
  } while (std::chrono::steady_clock::now() < end);
  return TESSERA_ERROR(
      kUnavailable, options.health_url,
      fmt::format("after {} s the service {}", options.health_limit.count(), reason),
      "look at the service's log there");
}

Result<std::vector<std::pair<std::string, std::string>>> models_of(const Remote& there,
                                                                   const std::string& id) {
  TESSERA_TRY(
      const std::string text,
      there.run(fmt::format("cat \"$root/releases/{}/release.json\"", id), ErrorCode::kCorrupt,
                "the release does not say what it is", "deploy it again"));
  return served_models(text);
}

// Switched, restarted, healthy; or the release before it runs again.
Result<void> put_into_service(const Destination& destination, const Remote& there,
                              const std::string& id, const std::string& previous,
                              const DeployOptions& options, const DeployStep& on_step) {
  TESSERA_TRY(const auto models, models_of(there, id));
  TESSERA_TRY_VOID(switch_to(there, id));
  on_step(fmt::format("switched to {}", id));
  const auto come_up = [&]() -> Result<void> {
    TESSERA_TRY_VOID(restart(there, options));
    return wait_for_health(destination, options, models);
  };
  const Result<void> up = come_up();
  if (up) {
    if (!options.health_url.empty()) on_step("the service answers, with exactly these models");
    return {};
  }
  Error error = up.error();
  if (previous.empty() || previous == id) {
    error.hint = fmt::format("there is no earlier release to go back to; {}", error.hint);
    return error;
  }
  const auto go_back = [&]() -> Result<void> {
    TESSERA_TRY(const auto earlier, models_of(there, previous));
    TESSERA_TRY_VOID(switch_to(there, previous));
    TESSERA_TRY_VOID(restart(there, options));
    return wait_for_health(destination, options, earlier);
  };
  const Result<void> back = go_back();
  error.message +=
      back ? fmt::format("; {} runs again", previous)
           : fmt::format("; going back to {} failed as well: {}", previous, back.error().message);
  return error;
}

Result<std::vector<std::string>> remove_old(const Remote& there, const std::string& current,
                                            const std::string& previous, int keep) {
  TESSERA_TRY(const std::string told, there.run("ls -1 \"$root/releases\"", ErrorCode::kIo,
                                                "the releases cannot be listed", ""));
  std::istringstream lines(told);
  std::vector<std::string> ids;
  for (std::string line; std::getline(lines, line);) {
    if (is_id(line)) ids.push_back(line);
  }
  std::sort(ids.begin(), ids.end(), std::greater<>());
  std::vector<std::string> removed;
  int kept = 0;
  for (const std::string& id : ids) {
    const bool stays = id == current || id == previous || kept < keep;
    kept += stays;
    if (stays) continue;
    TESSERA_TRY_VOID(there.run(fmt::format("rm -rf \"$root/releases/{}\"", id), ErrorCode::kIo,
                               "an old release cannot be removed", ""));
    removed.push_back(id);
  }
  return removed;
}

Result<void> check_options(const DeployOptions& options) {
  if (options.keep < 1) {
    return TESSERA_ERROR(kInvalidArgument, "DeployOptions::keep",
                         "at least the release that runs is kept", "give a number of 1 or more");
  }
  const std::string& url = options.health_url;
  if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://")) {
    return TESSERA_ERROR(kInvalidArgument, "DeployOptions::health_url",
                         fmt::format("'{}' is no address", url),
                         "write it like http://127.0.0.1:8080");
  }
  return {};
}

}  // namespace

Result<Deployment> deploy(const Destination& destination, const ReleaseOptions& options,
                          const DeployOptions& deploy_options, const DeployStep& on_step) {
  TESSERA_TRY_VOID(check_options(deploy_options));
  TESSERA_TRY(const Scratch scratch, Scratch::make());
  TESSERA_TRY(const Release release, assemble_release(options, scratch.path() / "release"));
  on_step(fmt::format("assembled {} of {}", release.id, counted(release.models.size(), "model")));
  const Remote there(destination);
  TESSERA_TRY(const DeployLock lock, DeployLock::take(destination, there));
  TESSERA_TRY_VOID(check_machine(destination, there, release));
  TESSERA_TRY_VOID(install(destination, there, scratch.path() / "release", release, on_step));
  Deployment made;
  made.id = release.id;
  TESSERA_TRY(made.previous, current_release(there));
  TESSERA_TRY_VOID(there.run(fmt::format("printf '%s\\n' {} > \"$root/releases/{}/previous\"",
                                         single_quoted(made.previous), made.id),
                             ErrorCode::kIo, "the release cannot be written to", ""));
  TESSERA_TRY_VOID(
      put_into_service(destination, there, made.id, made.previous, deploy_options, on_step));
  made.is_healthy = !deploy_options.health_url.empty();
  TESSERA_TRY(made.removed, remove_old(there, made.id, made.previous, deploy_options.keep));
  return made;
}

Result<Deployment> roll_back(const Destination& destination, const DeployOptions& options,
                             const DeployStep& on_step) {
  TESSERA_TRY_VOID(check_options(options));
  const Remote there(destination);
  TESSERA_TRY_VOID(deployed_releases(destination));
  TESSERA_TRY(const DeployLock lock, DeployLock::take(destination, there));
  Deployment made;
  TESSERA_TRY(made.previous, current_release(there));
  TESSERA_TRY(const std::string told,
              there.run(fmt::format("cat \"$root/releases/{}/previous\" 2>/dev/null || true",
                                    made.previous),
                        ErrorCode::kIo, "the releases cannot be read", ""));
  made.id = trimmed(told);
  const std::string none = "there is no release to go back to";
  const std::string next =
      fmt::format("'tessera deploy {} --list' shows those that are kept", destination.name());
  if (!is_id(made.id)) return TESSERA_ERROR(kNotFound, destination.name(), none, next);
  TESSERA_TRY_VOID(there.run(fmt::format("[ -d \"$root/releases/{}\" ]", made.id),
                             ErrorCode::kNotFound, fmt::format("{}, {} is gone", none, made.id),
                             next));
  TESSERA_TRY_VOID(put_into_service(destination, there, made.id, made.previous, options, on_step));
  made.is_healthy = !options.health_url.empty();
  return made;
}

Result<std::vector<DeployedRelease>> deployed_releases(const Destination& destination) {
  const Remote there(destination);
  TESSERA_TRY(
      const std::string told,
      there.run("ls -1 \"$root/releases\"", ErrorCode::kNotFound, "nothing was deployed there",
                "deploy first: 'tessera deploy DESTINATION MODEL...'"));
  TESSERA_TRY(const std::string current, current_release(there));
  std::vector<DeployedRelease> releases;
  std::istringstream lines(told);
  for (std::string line; std::getline(lines, line);) {
    if (is_id(line)) releases.push_back({line, line == current});
  }
  std::sort(releases.begin(), releases.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return releases;
}

}  // namespace tessera
