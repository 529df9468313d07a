// tessera classify: windows of motion sensors -> the class of each.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/sensor_session.h"
#include "cli/table.h"

namespace tessera::cli {
namespace {

constexpr int64_t kMostRows = 40;

struct ClassifyArguments {
  SensorArguments sensor;
  bool all = false;
};

// Right ones among those whose label the file tells.
struct Tally {
  int64_t labelled = 0;
  int64_t right = 0;

  void add(const std::string& truth, const std::string& found) {
    if (truth.empty()) return;
    ++labelled;
    if (truth == found) ++right;
  }
};

std::string window_name(const FileWindows& file, size_t window, int64_t device, int64_t devices) {
  std::string name =
      file.set.windows.size() > 1 ? fmt::format("{} #{}", file.path, window) : file.path;
  if (devices > 1) name += fmt::format(", device {}", device + 1);
  return printable_line(name);
}

Document class_document(const FileWindows& file, size_t window, size_t device,
                        const Classification& found) {
  Document document{{"file", file.path},
                    {"window", window},
                    {"device", device},
                    {"label", found.label},
                    {"class", found.best},
                    {"probability", found.probabilities[static_cast<size_t>(found.best)]},
                    {"probabilities", found.probabilities}};
  if (!file.set.labels.empty()) document["truth"] = file.set.labels[window];
  return document;
}

Result<Document> run_classify(const ClassifyArguments& options, Console& console) {
  TESSERA_TRY(SensorSession session, open_sensor_session(options.sensor, console));
  SensorEncoder& encoder = session.encoder;
  Table table;
  table.add_columns({"window", "class"});
  table.add_column("probability", Table::Align::right);
  table.add_column("truth");
  Tally tally;
  double seconds = 0;
  Document results = Document::array();
  for (const FileWindows& file : session.files) {
    for (size_t n = 0; n < file.set.windows.size(); ++n) {
      TESSERA_TRY(
          const auto found,
          encoder.classify_window(file.set.windows[n], fmt::format("{}: window {}", file.path, n)));
      seconds += encoder.run_seconds();
      const std::string truth = file.set.labels.empty() ? "" : file.set.labels[n];
      for (size_t h = 0; h < found.size(); ++h) {
        tally.add(truth, found[h].label);
        results.push_back(class_document(file, n, h, found[h]));
        const bool wrong = !truth.empty() && truth != found[h].label;
        if (!options.all && static_cast<int64_t>(table.rows()) >= kMostRows && !wrong) continue;
        table.add_row(
            {window_name(file, n, static_cast<int64_t>(h), encoder.input().devices),
             printable_line(found[h].label),
             fmt::format("{:.4f}", found[h].probabilities[static_cast<size_t>(found[h].best)]),
             wrong ? printable_line(truth) + "  WRONG" : printable_line(truth)});
      }
    }
  }
  console.print("{}", table.to_string());
  const auto shown = static_cast<int64_t>(table.rows());
  if (shown < static_cast<int64_t>(results.size()))
    console.print("and {} other windows (--all)\n", static_cast<int64_t>(results.size()) - shown);
  const int64_t windows = session.window_count();
  console.print("{} on {} ({}), {:.3f} ms each", counted(windows, "window"), encoder.backend(),
                to_string(encoder.arithmetic()), seconds * 1e3 / static_cast<double>(windows));
  Document document{{"model", options.sensor.model.path},
                    {"backend", encoder.backend()},
                    {"arithmetic", to_string(encoder.arithmetic())},
                    {"classes", encoder.sensor().classes},
                    {"windows", std::move(results)},
                    {"seconds", seconds}};
  if (tally.labelled > 0) {
    const double accuracy = static_cast<double>(tally.right) / static_cast<double>(tally.labelled);
    console.print("; {} of {} right, accuracy {:.1f} %", tally.right, tally.labelled,
                  100 * accuracy);
    document["labelled"] = tally.labelled;
    document["right"] = tally.right;
    document["accuracy"] = accuracy;
  }
  console.print("\n");
  return document;
}

}  // namespace

Action define_classify(CommandLine& app) {
  auto options = std::make_shared<ClassifyArguments>();
  add_sensor_arguments(app, options->sensor);
  app.add_flag("--all", options->all, "A row for every window, not for the first 40 and the wrong");
  app.footer(
      "Probabilities are the network's own where it ends in a softmax, else the softmax of its\n"
      "outputs. Where a file tells the labels (.ts, \"label\" in .json), they are compared.\n"
      "Rows of two devices hold the channels of the first, then those of the second.\n\n"
      "Examples:\n"
      "  tessera classify motion.pth windows.ts\n"
      "  tessera classify motion.tess recording.csv --hop 50\n"
      "  tessera classify motion.tess window.json --json");
  return [options](Console& console) { return run_classify(*options, console); };
}

}  // namespace tessera::cli
