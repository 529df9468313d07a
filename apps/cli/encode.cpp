// tessera encode: windows of motion sensors -> latents.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/counted.h"
#include "base/npy.h"
#include "cli/command.h"
#include "cli/output_files.h"
#include "cli/sensor_session.h"
#include "cli/table.h"

namespace tessera::cli {
namespace {

constexpr size_t kShownValues = 6;
constexpr int64_t kMostEncodedRows = 20;

struct EncodeArguments {
  SensorArguments sensor;
  std::string output;
  bool force = false;
};

std::string first_values(std::span<const float> latent) {
  std::string text;
  for (size_t i = 0; i < std::min(kShownValues, latent.size()); ++i)
    text += fmt::format("{}{:.4g}", i > 0 ? " " : "", latent[i]);
  return latent.size() > kShownValues ? text + " ..." : text;
}

Result<Document> run_encode(const EncodeArguments& options, Console& console) {
  TESSERA_TRY_VOID(check_outputs({{options.output, OutputFormat::npy}},
                                 file_names({options.sensor.model.path}, {options.sensor.files}),
                                 options.force));
  TESSERA_TRY(SensorSession session, open_sensor_session(options.sensor, console));
  SensorEncoder& encoder = session.encoder;
  const auto size = static_cast<size_t>(encoder.latent_size());
  const int64_t devices = encoder.input().devices;
  std::vector<float> all;
  Table table;
  table.add_columns({"window", "latent"});
  double seconds = 0;
  Document latents = Document::array();
  for (const FileWindows& file : session.files) {
    for (size_t n = 0; n < file.set.windows.size(); ++n) {
      const std::string name = fmt::format("{}: window {}", file.path, n);
      TESSERA_TRY(const std::vector<float> latent,
                  encoder.encode_window(file.set.windows[n], name));
      seconds += encoder.run_seconds();
      all.insert(all.end(), latent.begin(), latent.end());
      for (int64_t h = 0; h < devices; ++h) {
        const auto own = std::span(latent).subspan(static_cast<size_t>(h) * size, size);
        latents.push_back({{"file", file.path},
                           {"window", n},
                           {"device", h},
                           {"latent", std::vector<float>(own.begin(), own.end())}});
        if (static_cast<int64_t>(table.rows()) >= kMostEncodedRows) continue;
        table.add_row(
            {printable_line(devices > 1 ? fmt::format("{}, device {}", name, h + 1) : name),
             first_values(own)});
      }
    }
  }
  console.print("{}", table.to_string());
  const int64_t windows = session.window_count();
  console.print("{} on {} ({}), {:.3f} ms each: {} values{}\n", counted(windows, "window"),
                encoder.backend(), to_string(encoder.arithmetic()),
                seconds * 1e3 / static_cast<double>(windows), size,
                devices > 1 ? " of each device" : "");
  if (!options.output.empty()) {
    std::vector<int64_t> dims{windows, static_cast<int64_t>(size)};
    if (devices > 1) dims.insert(dims.begin() + 1, devices);
    TESSERA_TRY_VOID(write_npy(options.output, dims, all, {.force = options.force}));
    console.print("{}: {}\n", options.output, dims_to_string(dims));
  }
  return Document{{"model", options.sensor.model.path},
                  {"backend", encoder.backend()},
                  {"arithmetic", to_string(encoder.arithmetic())},
                  {"latent_size", size},
                  {"latents", std::move(latents)},
                  {"output", options.output},
                  {"seconds", seconds}};
}

}  // namespace

Action define_encode(CommandLine& app) {
  auto options = std::make_shared<EncodeArguments>();
  add_sensor_arguments(app, options->sensor);
  app.add_option("-o,--output", options->output,
                 "Where to write the latents, [windows, values]; of several devices [windows, "
                 "devices, values]")
      ->type_name("FILE.npy");
  app.add_flag("--force", options->force, "Replace the output file if it exists");
  app.footer(
      "The z-score is in the network: windows are what the sensors gave. --json prints every "
      "value.\n\n"
      "Examples:\n"
      "  tessera encode motion.pth window.json --json\n"
      "  tessera encode motion.tess recording.csv --hop 50 -o latents.npy");
  return [options](Console& console) { return run_encode(*options, console); };
}

}  // namespace tessera::cli
