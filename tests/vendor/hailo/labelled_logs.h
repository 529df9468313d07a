// The logs of tests/data/vendor_logs with what labels.tsv says of each.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace tessera::testing {

struct LabelledLog {
  std::string file;
  std::string text;
  std::map<std::string, std::string> label;  // by column
};

inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream stream(text);
  while (std::getline(stream, part, separator)) parts.push_back(part);
  return parts;
}

inline std::string whole_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline std::vector<LabelledLog> labelled_logs(const std::filesystem::path& folder) {
  std::vector<LabelledLog> logs;
  std::vector<std::string> columns;
  std::ifstream table(folder / "labels.tsv");
  for (std::string line; std::getline(table, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> cells = split(line, '\t');
    if (columns.empty()) {
      columns = cells;
      continue;
    }
    cells.resize(columns.size());
    LabelledLog log;
    for (size_t i = 0; i < columns.size(); ++i) log.label[columns[i]] = cells[i];
    log.file = log.label["file"];
    log.text = whole_file(folder / log.file);
    logs.push_back(std::move(log));
  }
  return logs;
}

}  // namespace tessera::testing
