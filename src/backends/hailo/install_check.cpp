#include "backends/hailo/install_check.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include <fmt/format.h>

#include "backends/hailo/chip.h"
#include "backends/hailo/library.h"

namespace tessera::hailort {
namespace {

namespace fs = std::filesystem;
using State = InstallItem::State;

constexpr std::string_view kVendorId = "0x1e60";
constexpr size_t kMaxLineBytes = 256;

// The first line of a small file; empty where it cannot be read.
std::string first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line(kMaxLineBytes, '\0');
  stream.getline(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(line.find('\0'));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' '))
    line.pop_back();
  return line;
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    paths.push_back(entry->path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

InstallItem found(std::string name, std::string detail) {
  return {std::move(name), State::found, std::move(detail), ""};
}

InstallItem check_pci(const fs::path& root) {
  for (const fs::path& device : entries_of(root / "sys/bus/pci/devices")) {
    if (first_line(device / "vendor") != kVendorId) continue;
    const std::string id = first_line(device / "device");
    return found("device",
                 fmt::format("PCI {} {}:{}", device.filename().string(), kVendorId.substr(2),
                             id.substr(std::min<size_t>(2, id.size()))));
  }
  return {"device", State::missing, "no PCI device of vendor 1e60",
          "plug the module in and start the machine again; 'lspci -d 1e60:' must list it"};
}

InstallItem check_driver(const fs::path& root, const std::optional<Version>& library) {
  const std::string other = "hailo1x_pci";
  const fs::path module = root / "sys/module/hailo_pci";
  if (!is_there(module)) {
    if (is_there(root / "sys/module" / other)) {
      return {"driver", State::wrong,
              fmt::format("{} is loaded, which serves Hailo-10 and 15", other),
              "remove it and install hailo_pci 4.x for Hailo-8 and Hailo-8L"};
    }
    return {"driver", State::missing, "the module hailo_pci is not loaded",
            "install the vendor's driver package, then 'sudo modprobe hailo_pci'"};
  }
  const std::string version = first_line(module / "version");
  if (library && !version.empty() && version != to_string(*library)) {
    return {"driver", State::wrong,
            fmt::format("hailo_pci {} beside library {}", version, to_string(*library)),
            "install driver and library of one release: they must be equal to the last digit"};
  }
  return found("driver",
               fmt::format("hailo_pci {}", version.empty() ? "of unknown version" : version));
}

InstallItem check_node(const fs::path& root) {
  const fs::path node = root / "dev/hailo0";
  if (!is_there(node)) {
    return {"device node", State::missing, "/dev/hailo0 is not there",
            "load the driver; 'dmesg | grep hailo' tells why it made none"};
  }
  if (::access(node.c_str(), R_OK | W_OK) != 0) {
    return {"device node", State::wrong, "/dev/hailo0 may not be opened by this user",
            "install the driver's udev rule (51-hailo-udev.rules), or change the node's mode"};
  }
  return found("device node", "/dev/hailo0");
}

InstallItem check_firmware(const fs::path& root) {
  for (const char* folder : {"lib/firmware/hailo", "usr/lib/firmware/hailo"}) {
    const fs::path file = root / folder / "hailo8_fw.bin";
    if (is_there(file))
      return found("firmware file", "/" + (fs::path(folder) / "hailo8_fw.bin").string());
  }
  return {"firmware file", State::missing, "/lib/firmware/hailo/hailo8_fw.bin is not there",
          "install the driver package, which brings the firmware of its release"};
}

InstallItem check_library(const Result<const Library*>& library) {
  if (library) {
    return found("library",
                 fmt::format("HailoRT {} ({})", to_string((*library)->version), (*library)->path));
  }
  const Error& error = library.error();
  const bool is_absent = error.code == ErrorCode::kNotFound;
  return {"library", is_absent ? State::missing : State::wrong,
          fmt::format("{}: {}", error.subject, error.message), error.hint};
}

InstallItem check_session(bool has_library) {
  if (!has_library) {
    return {"session", State::missing, "the device cannot be opened without the library",
            "install the library"};
  }
  const auto chip = Chip::shared();
  if (!chip) return {"session", State::wrong, chip.error().message, chip.error().hint};
  std::string detail = (*chip)->description();
  if (const auto celsius = (*chip)->temperature_celsius())
    detail += fmt::format(", {:.1f} degrees Celsius", *celsius);
  if (const auto watts = (*chip)->power_watts()) detail += fmt::format(", {:.2f} W", *watts);
  return found("session", std::move(detail));
}

fs::path find_program(const std::string& path, const std::string& program) {
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find(':', begin), path.size());
    const fs::path file = fs::path(path.substr(begin, end - begin)) / program;
    if (end > begin && ::access(file.c_str(), X_OK) == 0) return file;
    begin = end + 1;
  }
  return {};
}

InstallItem check_compiler(const fs::path& program) {
  if (!program.empty()) return found("compiler", program.string());
  return {"compiler", State::missing, "the Dataflow Compiler's program 'hailo' is not on PATH",
          "install the vendor's wheel hailo_dataflow_compiler (3.30 to 3.33; x86_64, Python 3.10) "
          "in an environment of its own, and activate it"};
}

// The environment that the compiler is installed in: the version stands in the name of its record,
// so that nothing has to be started, which takes seconds.
InstallItem check_environment(const fs::path& program) {
  const std::string name = "Python environment";
  if (program.empty()) {
    return {name, State::missing, "there is none with the Dataflow Compiler",
            "python3.10 -m venv ENV; ENV/bin/pip install hailo_dataflow_compiler-*.whl"};
  }
  std::error_code ignored;
  const fs::path real = fs::canonical(program, ignored);
  const fs::path environment = (real.empty() ? program : real).parent_path().parent_path();
  for (const fs::path& python : entries_of(environment / "lib")) {
    for (const fs::path& record : entries_of(python / "site-packages")) {
      const std::string entry = record.filename().string();
      const std::string prefix = "hailo_dataflow_compiler-";
      const std::string suffix = ".dist-info";
      if (!entry.starts_with(prefix) || !entry.ends_with(suffix)) continue;
      const std::string version =
          entry.substr(prefix.size(), entry.size() - prefix.size() - suffix.size());
      return found(name, fmt::format("{} with the Dataflow Compiler {} for {}",
                                     environment.string(), version, python.filename().string()));
    }
  }
  return {name, State::wrong,
          fmt::format("{} holds no hailo_dataflow_compiler", environment.string()),
          "install the compiler's wheel in that environment"};
}

}  // namespace

std::vector<InstallItem> check_install(const InstallPlaces& places) {
  const Result<const Library*> library = open_library();
  const auto version = library ? std::optional((*library)->version) : std::nullopt;
  const fs::path compiler = find_program(places.path, "hailo");
  std::vector<InstallItem> items{check_pci(places.root), check_driver(places.root, version),
                                 check_node(places.root), check_firmware(places.root),
                                 check_library(library)};
  if (places.opens_device) items.push_back(check_session(library.has_value()));
  items.push_back(check_compiler(compiler));
  items.push_back(check_environment(compiler));
  return items;
}

}  // namespace tessera::hailort
