// tessera doctor: what this machine and this build have to offer, and whether they work.
#include <archive.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/stubs/common.h>
#include <png.h>
#include <sndfile.h>
#include <soxr.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "backends/hailo/install_check.h"
#include "base/counted.h"
#include "cli/command.h"
#include "cli/machine.h"
#include "cli/table.h"
#include "tessera/backend.h"
#include "tessera/separator.h"
#include "tessera/session.h"
#include "vendor/vela/vela_case.h"

namespace tessera::cli {
namespace {

struct Library {
  std::string name;
  std::string version;  // of the library loaded, where it tells; else of its headers
  std::string purpose;
};

std::string dotted(unsigned number, unsigned base) {
  return fmt::format("{}.{}.{}", number / (base * base), number / base % base, number % base);
}

std::vector<Library> libraries() {
  std::string sndfile = sf_version_string();
  std::erase_if(sndfile, [](char c) { return (c < '0' || c > '9') && c != '.'; });
  std::string soxr = soxr_version();
  std::erase_if(soxr, [](char c) { return (c < '0' || c > '9') && c != '.'; });
  return {
      {"libsndfile", sndfile, "audio files"},
      {"libsoxr", soxr, "resampling"},
      {"libarchive", dotted(static_cast<unsigned>(archive_version_number()), 1000), "packages"},
      {"zlib", zlibVersion(), "checkpoints, pictures"},
      {"protobuf", google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION), "ONNX"},
      {"Highway", TESSERA_HWY_VERSION, "SIMD kernels"},
      {"libpng", png_get_libpng_ver(nullptr), "pictures"},
      {"xxHash", dotted(XXH_versionNumber(), 100), "content hashes"},
      {"fmt", dotted(FMT_VERSION, 100), "text"},
  };
}

// Programs that tests use; nothing here needs them.
struct Optional {
  std::string program;
  std::string purpose;
};
const std::vector<Optional>& optional_programs() {
  static const std::vector<Optional> kPrograms{
      {"qemu-aarch64-static", "tests of the Arm kernels on this machine"},
  };
  return kPrograms;
}

std::string program_folders() {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody writes it
  return path != nullptr ? path : "";
}

std::string path_of(const std::string& program) {
  std::string folder;
  for (const char c : program_folders() + ":") {
    if (c != ':') {
      folder += c;
      continue;
    }
    std::string file = folder;
    file += '/';
    file += program;
    if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return file;
    folder.clear();
  }
  return "";
}

// A network small enough to evaluate at once: convolution, prelu, global norm.
Result<Graph> probe_network() {
  Graph graph;
  GraphEditor editor(graph, "doctor");
  TESSERA_TRY(const NodeId wave, editor.add(Input{{1, 1, 256}}, {}));
  Conv conv;
  conv.weight =
      Tensor({8, 1, 1, 4},
             std::vector<float>{-.5F, .3F,  .1F, .2F, .7F,  -.2F, .4F,  .1F,  .2F, .6F,  -.3F,
                                .5F,  .1F,  .1F, .8F, -.4F, .3F,  -.6F, .2F,  .9F, -.1F, .5F,
                                .5F,  -.2F, .4F, .2F, -.8F, .3F,  .6F,  -.3F, .1F, .7F});
  conv.stride.w = 2;
  TESSERA_TRY(const NodeId encoded, editor.add(conv, {wave}));
  Unary prelu;
  prelu.kind = UnaryKind::prelu;
  prelu.slope = Tensor::full({1}, 0.25F);
  TESSERA_TRY(const NodeId active, editor.add(prelu, {encoded}));
  Norm norm;
  norm.gamma = Tensor::full({8}, 1.5F);
  norm.beta = Tensor::full({8}, 0.1F);
  TESSERA_TRY(const NodeId normal, editor.add(norm, {active}));
  editor.add_output("y", normal);
  TESSERA_TRY_VOID(editor.enter(GraphForm::imported));
  return graph;
}

// Evaluates the probe network; the reference backend is compared with itself, others with it.
Result<double> try_backend(std::string_view name) {
  TESSERA_TRY(const Graph graph, probe_network());
  std::vector<float> wave(256);
  for (size_t i = 0; i < wave.size(); ++i) wave[i] = static_cast<float>((i * 37) % 101) / 50 - 1;
  TESSERA_TRY(const auto backend, make_backend(name));
  const Encodings in_float;
  TESSERA_TRY(Session session, Session::create(graph, *backend, &in_float));
  TESSERA_TRY(const auto outputs, session.run({ConstValues(wave)}));
  const std::vector<std::vector<float>> inputs{wave};
  TESSERA_TRY(const OutputDifference difference,
              compare_with_reference(graph, inputs, outputs, std::string(name)));
  return difference.max_abs;
}

Document check_libraries(Console& console) {
  Document document = Document::array();
  console.print("libraries\n");
  Table table;
  table.add_columns({"name", "version", "for"});
  for (const Library& library : libraries()) {
    table.add_row({library.name, library.version, library.purpose});
    document.push_back({{"name", library.name}, {"version", library.version}});
  }
  console.print("{}\n", table.to_string(2));
  return document;
}

// Every backend answers for itself and evaluates a small network. `broken` gets the names of those
// that should work and do not.
Document check_backends(Console& console, std::vector<std::string>& broken) {
  Document document = Document::array();
  console.print("backends\n");
  for (const std::string_view name : backend_names()) {
    const auto backend = make_backend(name);
    Document entry{{"name", name}, {"available", backend.has_value()}};
    if (!backend) {
      entry["reason"] = backend.error().hint;
      console.print("  {:<11}not available: {}\n", name, backend.error().hint);
      if (!backend_is_optional(name)) broken.emplace_back(name);
      document.push_back(std::move(entry));
      continue;
    }
    const DeviceInfo device = (*backend)->probe();
    if (!(*backend)->artifact_format().empty()) {  // what it runs has to be compiled first
      entry["description"] = device.description;
      entry["works"] = true;
      console.print("  {:<11}opened: {}\n", name, device.description);
      document.push_back(std::move(entry));
      continue;
    }
    const auto difference = try_backend(name);
    entry["description"] = device.description;
    entry["threads"] = device.threads;
    entry["works"] = difference.has_value();
    if (difference) {
      entry["max_abs_difference"] = *difference;
      console.print("  {:<11}works: {}, {}\n", name, device.description,
                    counted(device.threads, "thread"));
    } else {
      entry["reason"] = difference.error().to_string();
      console.print("  {:<11}BROKEN: {}\n", name, difference.error().to_string());
      broken.emplace_back(name);
    }
    document.push_back(std::move(entry));
  }
  console.print("\n");
  return document;
}

Document check_optional(Console& console) {
  Document document = Document::array();
  console.print("optional\n");
  for (const Optional& optional : optional_programs()) {
    const std::string path = path_of(optional.program);
    document.push_back({{"name", optional.program}, {"path", path}, {"present", !path.empty()}});
    console.print("  {:<21}{} ({})\n", optional.program, path.empty() ? "not found" : path,
                  optional.purpose);
  }
  return document;
}

std::string_view word_of(hailort::InstallItem::State state) {
  switch (state) {
    case hailort::InstallItem::State::found: return "found";
    case hailort::InstallItem::State::missing: return "missing";
    case hailort::InstallItem::State::wrong: return "wrong";
  }
  return "";
}

// What the backend of the chip and its compiler need.
Document check_hailo(Console& console) {
  Document document = Document::array();
  console.print("\nHailo device, runtime and compiler\n");
  for (const hailort::InstallItem& item :
       hailort::check_install({.root = "/", .path = program_folders(), .opens_device = true})) {
    console.print("  {:<19}{}: {}\n", item.name, word_of(item.state), item.detail);
    Document row{{"name", item.name}, {"state", word_of(item.state)}, {"detail", item.detail}};
    if (!item.next_step.empty()) {
      row["next"] = item.next_step;
      console.print("  {:<19}next: {}\n", "", item.next_step);
    }
    document.push_back(std::move(row));
  }
  return document;
}

// Asks Vela, where it is found, for its version, in a folder that is removed again.
Document check_vela(Console& console) {
  console.print("\nArm Ethos-U compiler\n");
  vela::VelaOptions options;
  std::error_code ignored;
  options.store =
      std::filesystem::temp_directory_path(ignored) / fmt::format("tessera-doctor-{}", ::getpid());
  const auto version = vela::vela_version(options);
  std::filesystem::remove_all(options.store, ignored);
  const std::string path = path_of(options.program);
  Document document{{"path", path},
                    {"state", version        ? "found"
                              : path.empty() ? "missing"
                                             : "wrong"}};
  if (version) {
    document["version"] = *version;
    console.print("  {:<19}found: {}, version {}\n", "vela", path, printable_line(*version));
    return document;
  }
  document["detail"] = version.error().message;
  document["next"] = version.error().hint;
  console.print("  {:<19}{}: {}\n  {:<19}next: {}\n", "vela", path.empty() ? "missing" : "wrong",
                printable_line(version.error().message), "", version.error().hint);
  return document;
}

Result<Document> doctor(Console& console) {
  console.print("tessera {}\n\nmachine\n", TESSERA_VERSION);
  console.print("  {:<11}{}\n", "processor", processor_name());
  console.print("  {:<11}{}\n", "threads", usable_threads());
  console.print("  {:<11}{}, {} to be had now\n\n", "memory", bytes_text(total_memory_bytes()),
                bytes_text(usable_memory_bytes()));
  Document document{{"version", TESSERA_VERSION},
                    {"machine",
                     {{"processor", processor_name()},
                      {"threads", usable_threads()},
                      {"memory_bytes", total_memory_bytes()},
                      {"usable_memory_bytes", usable_memory_bytes()}}}};
  document["libraries"] = check_libraries(console);
  std::vector<std::string> broken;
  document["backends"] = check_backends(console, broken);
  document["optional"] = check_optional(console);
  document["hailo"] = check_hailo(console);
  document["vela"] = check_vela(console);
  if (broken.empty()) {
    console.print("\nEverything required works.\n");
    return document;
  }
  console.keep(std::move(document));
  return TESSERA_ERROR(kUnavailable, fmt::format("{}", fmt::join(broken, ", ")),
                       "a required part does not work", "the list above says why");
}

}  // namespace

Action define_doctor(CommandLine& app) {
  app.footer(
      "Fails only when something required is broken; optional backends and programs may be "
      "missing.\n\n"
      "Examples:\n"
      "  tessera doctor\n"
      "  tessera doctor --json > machine.json");
  return [](Console& console) { return doctor(console); };
}

}  // namespace tessera::cli
