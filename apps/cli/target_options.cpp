#include "cli/target_options.h"

namespace tessera::cli {
namespace {

std::string target_type() {
  std::string type = "{";
  for (const TargetFile& file : list_targets(target_folders())) type += file.name + ",";
  return type + "FILE.toml}";
}

}  // namespace

std::vector<std::filesystem::path> target_folders() {
  std::error_code ignored;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::filesystem::path folder = program.parent_path();
  return {(folder / "../share/tessera/targets").lexically_normal(),
          (folder / "../../../targets").lexically_normal()};
}

void add_target_name(CommandLine& app, std::string& name) {
  app.add_option("TARGET", name, "Name or path of a target file")
      ->required()
      ->type_name(target_type());
}

void add_target_option(CommandLine& app, std::string& name) {
  app.add_option("--target", name, "Name (see 'tessera target list') or path of a target file")
      ->type_name(target_type())
      ->capture_default_str();
}

Result<Target> load_target(const std::string& name) {
  return find_target(name, target_folders());
}

}  // namespace tessera::cli
