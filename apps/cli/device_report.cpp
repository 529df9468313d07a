#include "cli/device_report.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/counted.h"

namespace tessera::cli {

void report_devices(const DevicesUsed& used, Document& document, Console& console) {
  const auto& [pieces, chip, host, readings] = used;
  const auto on_chip = static_cast<size_t>(std::count_if(
      pieces.begin(), pieces.end(), [](const PieceDevice& piece) { return piece.reason.empty(); }));
  if (pieces.empty() || (on_chip == pieces.size() && host == chip)) return;
  Document rows = Document::array();
  std::string fallback;
  for (const PieceDevice& piece : pieces) {
    rows.push_back({{"piece", piece.piece},
                    {"backend", piece.backend},
                    {"calls", piece.calls},
                    {"seconds", piece.seconds}});
    if (piece.reason.empty()) continue;
    rows.back()["reason"] = piece.reason;
    fallback = piece.backend;
    console.warning(
        fmt::format("piece '{}' runs on {}: {}", piece.piece, piece.backend, piece.reason));
  }
  document["devices"] = {{"host", host}, {"pieces", std::move(rows)}};
  for (const DeviceReading& reading : readings) {
    document["devices"][reading.name] = reading.value ? Document(*reading.value) : Document();
    if (!reading.value) document["devices"]["not_told"][reading.name] = reading.reason;
  }
  std::string line = fmt::format("{} on {}", counted(on_chip, "piece"), chip);
  if (on_chip < pieces.size()) line += fmt::format(", {} on {}", pieces.size() - on_chip, fallback);
  console.print("{}, host steps on {}\n", line, host);
}

}  // namespace tessera::cli
