// tessera deploy: networks and the service onto a machine, whole or not at all.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/served_name.h"
#include "cli/table.h"
#include "deploy/deploy.h"

namespace tessera::cli {
namespace {

struct DeployArguments {
  std::string destination;
  std::vector<std::string> models;
  std::string program;
  std::string serve_options;
  double health_s = 60;
  bool rolls_back = false;
  bool lists = false;
  DeployOptions options;
};

// "20261201T024500Z-1a2b3c4d": releases sort by when they were made.
std::string new_id(const std::vector<std::string>& models) {
  const auto now = std::chrono::system_clock::now();
  const std::time_t time = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  ContentHasher hash;
  hash.update(fmt::format("{}", now.time_since_epoch().count()));
  for (const std::string& model : models) hash.update(model);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z-{}", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, hash.hex().substr(0, 8));
}

Result<Document> list(const Destination& destination, Console& console) {
  TESSERA_TRY(const auto releases, deployed_releases(destination));
  Table table;
  table.add_columns({"release", ""});
  Document document{{"destination", destination.name()}, {"releases", Document::array()}};
  for (const DeployedRelease& release : releases) {
    table.add_row({release.id, release.is_current ? "runs" : ""});
    document["releases"].push_back({{"id", release.id}, {"current", release.is_current}});
  }
  console.print("{}", table.to_string());
  return document;
}

Result<ReleaseOptions> release_options(const DeployArguments& arguments,
                                       const Destination& destination) {
  ReleaseOptions release;
  release.program = arguments.program;
  if (release.program.empty()) {
    std::error_code failure;
    release.program = std::filesystem::read_symlink("/proc/self/exe", failure);
    if (failure)
      return TESSERA_ERROR(kUnavailable, "/proc/self/exe", "does not tell where this program lies",
                           "name it: --program FILE");
  }
  for (const std::string& word : arguments.models) {
    auto [name, path] = served_name(word);
    release.models.push_back({std::move(name), std::move(path)});
  }
  release.serve_options = arguments.serve_options;
  release.folder = destination.folder();
  release.id = new_id(arguments.models);
  release.version = TESSERA_VERSION;
  return release;
}

Result<Document> run_deploy(DeployArguments arguments, Console& console) {
  TESSERA_TRY(Destination destination, Destination::parse(arguments.destination));
  if (arguments.lists) return list(destination, console);
  if (arguments.models.empty() != arguments.rolls_back) {
    return TESSERA_ERROR(
        kInvalidArgument, arguments.rolls_back ? "--rollback" : "MODEL",
        arguments.rolls_back ? "goes back to what was deployed before, and takes no model"
                             : "no model is named",
        "'tessera deploy DESTINATION MODEL...' or 'tessera deploy DESTINATION --rollback'");
  }
  const Interrupt stop;
  destination.is_cancelled = [&stop] { return stop.wanted(); };
  arguments.options.health_limit = std::chrono::seconds(static_cast<int64_t>(arguments.health_s));
  const auto on_step = [&](const std::string& text) {
    console.print("{}\n", printable_line(text));
  };
  Result<Deployment> made = [&]() -> Result<Deployment> {
    if (arguments.rolls_back) return roll_back(destination, arguments.options, on_step);
    TESSERA_TRY(const ReleaseOptions release, release_options(arguments, destination));
    return deploy(destination, release, arguments.options, on_step);
  }();
  if (!made) return made.error();
  for (const std::string& id : made->removed) console.print("removed {}\n", id);
  if (arguments.options.restart.empty()) {
    console.print("the service was not restarted (--restart COMMAND)\n");
  }
  if (arguments.options.health_url.empty())
    console.print("whether it answers was not asked (--health URL)\n");
  return Document{{"destination", destination.name()},
                  {"release", made->id},
                  {"previous", made->previous},
                  {"restarted", !arguments.options.restart.empty()},
                  {"healthy", made->is_healthy ? Document(true) : Document(nullptr)},
                  {"removed", made->removed}};
}

}  // namespace

Action define_deploy(CommandLine& app) {
  auto arguments = std::make_shared<DeployArguments>();
  app.add_option("DESTINATION", arguments->destination,
                 "A folder, here or on a machine that ssh reaches")
      ->required()
      ->type_name("DIR|[USER@]HOST:DIR");
  app.add_option("MODEL", arguments->models,
                 "Model files and packages, as 'tessera serve' takes them")
      ->type_name("[NAME=]FILE");
  app.add_option("--program", arguments->program,
                 "The 'tessera' for that machine; default: this one")
      ->type_name("FILE");
  app.add_option("--options", arguments->serve_options, "Further options of 'tessera serve' there")
      ->type_name("TEXT");
  app.add_option("--restart", arguments->options.restart, "Command there that restarts the service")
      ->type_name("COMMAND");
  app.add_option("--health", arguments->options.health_url,
                 "Address of the service, as that machine reaches it: must answer with the new "
                 "models, else the release before is taken again")
      ->type_name("URL");
  app.add_option("--health-limit", arguments->health_s, "How long it may take to answer")
      ->type_name("SECONDS")
      ->within(1, 3600)
      ->capture_default_str();
  app.add_option("--keep", arguments->options.keep, "Releases that stay there")
      ->type_name("N")
      ->within(1, 1000)
      ->capture_default_str();
  app.add_flag("--rollback", arguments->rolls_back, "Back to the release before the one that runs");
  app.add_flag("--list", arguments->lists, "The releases there");
  app.footer(
      "Examples:\n"
      "  tessera deploy service motion.tess --options '--workers 2'\n"
      "  tessera deploy service motion.tess voices=net.tess\n"
      "\n'tessera deploy DESTINATION --list' shows the releases there, '--rollback' goes back to "
      "the one before.\n");
  return [arguments](Console& console) { return run_deploy(*arguments, console); };
}

}  // namespace tessera::cli
