#include "deploy/release.h"

#include <fmt/format.h>
#include <sha2.h>

#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/hash.h"
#include "deploy/service_units.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"
#include "tessera/package.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxModelBytes = uint64_t{4} << 30;
constexpr uint64_t kMaxProgramBytes = uint64_t{1} << 30;

std::string sha256(std::span<const uint8_t> bytes) {
  std::array<char, SHA256_DIGEST_STRING_LENGTH> text{};
  SHA256Data(bytes.data(), bytes.size(), text.data());
  return text.data();
}

// The machine that an ELF program is for (its e_machine).
Result<std::string> machine_of(std::span<const uint8_t> program, const std::string& subject) {
  constexpr std::array<uint8_t, 4> kMagic = {0x7f, 'E', 'L', 'F'};
  constexpr size_t kMachineAt = 18;
  const bool is_elf =
      program.size() > 20 && std::equal(kMagic.begin(), kMagic.end(), program.begin());
  if (is_elf) {
    switch (program[kMachineAt] | program[kMachineAt + 1] << 8) {
      case 62: return std::string("x86_64");
      case 183: return std::string("aarch64");
      default: break;
    }
  }
  return TESSERA_ERROR(kInvalidArgument, subject, "is no program for x86_64 or aarch64",
                       "name a 'tessera' that was built for that machine: ReleaseOptions::program");
}

// Opens it as the service will; a network in several files has no place in a release.
Result<void> check_model(const ReleaseModel& model) {
  if (is_package(model.path)) {
    TESSERA_TRY_VOID(Package::open(model.path));
    return {};
  }
  TESSERA_TRY(const ImportedModel imported, import_model(model.path));
  if (!imported.files_beside.empty() || fs::is_directory(model.path)) {
    return TESSERA_ERROR(kUnsupported, model.path.string(), "consists of several files",
                         "build a package of it, which is one: 'tessera build'");
  }
  return {};
}

// Files of a release, with their digests.
class ReleaseFolder {
 public:
  explicit ReleaseFolder(fs::path folder) : folder_(std::move(folder)) {}

  Result<void> add(const std::string& name, std::span<const uint8_t> bytes,
                   bool is_program = false) {
    TESSERA_TRY_VOID(ensure_directory((folder_ / name).parent_path()));
    TESSERA_TRY_VOID(write_file_atomically(folder_ / name, bytes));
    if (is_program) {
      std::error_code failure;
      fs::permissions(folder_ / name, fs::perms(0755), failure);
      if (failure) return TESSERA_ERROR(kIo, (folder_ / name).string(), failure.message(), "");
    }
    sums_ += fmt::format("{}  {}\n", sha256(bytes), name);
    bytes_ += bytes.size();
    return {};
  }
  Result<void> add(const std::string& name, std::string_view text) {
    return add(name, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
  }
  Result<void> finish() { return write_file_atomically(folder_ / "SHA256SUMS", sums_); }
  uint64_t bytes() const { return bytes_; }

 private:
  fs::path folder_;
  std::string sums_;
  uint64_t bytes_ = 0;
};

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

}  // namespace

Result<Release> assemble_release(const ReleaseOptions& options, const fs::path& into) {
  if (options.serve_options.find('\n') != std::string::npos) {
    return TESSERA_ERROR(kInvalidArgument, "ReleaseOptions::serve_options",
                         "has more than one line", "give one line");
  }
  Release release{options.id, {}, 0, {}};
  ReleaseFolder folder(into);
  TESSERA_TRY(const std::vector<uint8_t> program, read_file(options.program, kMaxProgramBytes));
  TESSERA_TRY(release.machine, machine_of(program, options.program.string()));
  const std::string current = options.folder + "/current";
  std::set<std::string> names;
  std::string models;
  Json records = Json::array();
  for (const ReleaseModel& model : options.models) {
    if (!names.insert(model.name).second) {
      return TESSERA_ERROR(kInvalidArgument, model.path.string(),
                           fmt::format("a second model named '{}'", model.name),
                           "name it: NAME=FILE");
    }
    TESSERA_TRY_VOID(check_model(model));
    TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(model.path, kMaxModelBytes));
    const std::string file = "models/" + model.name + model.path.extension().string();
    TESSERA_TRY_VOID(folder.add(file, bytes));
    release.models.emplace_back(model.name, content_hash(bytes));
    records.push_back(
        {{"name", model.name}, {"file", file}, {"hash", release.models.back().second}});
    models += fmt::format("{}{}={}/{}", models.empty() ? "" : " ", model.name, current, file);
  }
  TESSERA_TRY_VOID(folder.add("bin/tessera", program, true));
  TESSERA_TRY_VOID(folder.add(
      "serve.conf", fmt::format("MODELS={}\nOPTIONS={}\n", models, options.serve_options)));
  std::string unit =
      replaced(std::string(kServiceUnit), "/etc/tessera/serve.conf", current + "/serve.conf");
  unit = replaced(unit, "/usr/bin/tessera", current + "/bin/tessera");
  TESSERA_TRY_VOID(folder.add("tessera.service", unit));
  TESSERA_TRY_VOID(folder.add("tessera.socket", kSocketUnit));
  const Json record{{"id", options.id},
                    {"tessera", options.version},
                    {"machine", release.machine},
                    {"models", std::move(records)},
                    {"options", options.serve_options}};
  TESSERA_TRY_VOID(folder.add("release.json", record.dump(2) + "\n"));
  TESSERA_TRY_VOID(folder.finish());
  release.bytes = folder.bytes();
  return release;
}

}  // namespace tessera
