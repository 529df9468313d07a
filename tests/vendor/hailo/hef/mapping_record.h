// Decoded mappings of real files (tests/data/hailo/hef_maps), to hold the reader to.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "vendor/hailo/hef/mapping.h"

namespace tessera::test {

inline std::vector<std::string> split_fields(const std::string& line) {
  std::vector<std::string> fields;
  std::stringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
  return fields;
}

inline std::vector<std::vector<std::string>> read_rows(const std::filesystem::path& path) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  for (std::string line; std::getline(file, line);) rows.push_back(split_fields(line));
  return rows;
}

// Every whole number of "[(2, 3), (4, 5)]", in order.
inline std::vector<uint64_t> numbers_in(const std::string& text) {
  std::vector<uint64_t> numbers;
  for (size_t i = 0; i < text.size();) {
    if (text[i] < '0' || text[i] > '9') {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    numbers.push_back(std::stoull(text.substr(i, end - i)));
    i = end;
  }
  return numbers;
}

inline std::vector<uint64_t> numbers_of(const std::vector<HefDims>& list) {
  std::vector<uint64_t> numbers;
  for (const HefDims& dims : list) {
    numbers.insert(numbers.end(), {dims.height, dims.width, dims.features});
  }
  return numbers;
}

inline std::vector<uint64_t> numbers_of(const std::set<HefPlace>& places) {
  std::vector<uint64_t> numbers;
  for (const HefPlace& place : places) numbers.insert(numbers.end(), {place.kind, place.cluster});
  return numbers;
}

// The pairs of "[(2, 0), (0, 0)]" in the order of sets.
inline std::vector<uint64_t> sorted_pairs(const std::string& text) {
  const std::vector<uint64_t> numbers = numbers_in(text);
  std::set<HefPlace> places;
  for (size_t i = 0; i + 1 < numbers.size(); i += 2) places.insert({numbers[i], numbers[i + 1]});
  return numbers_of(places);
}

inline uint64_t units_of(const HefMappedLayer& layer, HefUnit unit) {
  return layer.units[static_cast<size_t>(unit)];
}

// Holds every row of the record to the layer of its name, every field.
inline void expect_as_recorded(const HefMapping& mapping, const std::filesystem::path& record) {
  std::map<std::string, const HefMappedLayer*> layers;
  for (const HefMappedLayer& layer : mapping.layers) layers[layer.name] = &layer;
  std::map<uint64_t, std::vector<uint64_t>> buffers;
  for (const HefMappedEdge& edge : mapping.edges) {
    auto& list = buffers[edge.source];
    list.insert(list.end(), {edge.buffers, edge.row_bytes});
  }
  const auto rows = read_rows(record);
  size_t compared = 0;
  for (size_t i = 1; i < rows.size(); ++i) {
    const std::vector<std::string>& row = rows[i];
    if (row[0].starts_with("TOTAL")) continue;
    ASSERT_TRUE(layers.contains(row[0])) << row[0];
    const HefMappedLayer& layer = *layers[row[0]];
    SCOPED_TRACE(row[0]);
    EXPECT_EQ(layer.type, std::stoull(row[1]));
    EXPECT_EQ(numbers_of(layer.inputs), numbers_in(row[2]));
    // The record keeps the first of several.
    std::vector<uint64_t> out = numbers_of(layer.outputs);
    ASSERT_FALSE(out.empty());
    out.resize(3);
    EXPECT_EQ(out, numbers_in(row[3]));
    EXPECT_EQ(numbers_of(layer.kernels), numbers_in(row[4]));
    EXPECT_EQ(numbers_of(layer.strides), numbers_in(row[5]));
    EXPECT_EQ(numbers_of(layer.dilations), numbers_in(row[6]));
    const HefUnit units[] = {HefUnit::sc, HefUnit::lcu,     HefUnit::apu,     HefUnit::aligner,
                             HefUnit::l3, HefUnit::port_in, HefUnit::port_out};
    for (size_t k = 0; k < std::size(units); ++k) {
      EXPECT_EQ(units_of(layer, units[k]), std::stoull(row[8 + k])) << to_string(units[k]);
    }
    EXPECT_EQ(numbers_of(layer.places), sorted_pairs(row[15]));
    EXPECT_EQ(buffers[layer.id], numbers_in(row[16]));
    const std::vector<uint64_t> decisions = numbers_in(row[17]);
    for (size_t k = 0; k + 1 < decisions.size(); k += 2) {
      const auto found = layer.decisions.find(static_cast<uint32_t>(decisions[k]));
      ASSERT_NE(found, layer.decisions.end()) << decisions[k];
      EXPECT_EQ(found->second, decisions[k + 1]) << decisions[k];
    }
    ++compared;
  }
  EXPECT_EQ(compared, mapping.layers.size());
}

// The totals in the record's last line: "TOTAL {'L3': 87, ...}".
inline void expect_totals(const HefMapping& mapping, const std::filesystem::path& record) {
  const std::string line = read_rows(record).back()[0];
  ASSERT_TRUE(line.starts_with("TOTAL"));
  const std::pair<const char*, HefUnit> names[] = {
      {"'LCU'", HefUnit::lcu},        {"'SC'", HefUnit::sc},           {"'APU'", HefUnit::apu},
      {"'IA'", HefUnit::aligner},     {"'L3'", HefUnit::l3},           {"'IN'", HefUnit::port_in},
      {"'OUT'", HefUnit::port_out},   {"'L4'", HefUnit::l4},           {"'T14'", HefUnit::link},
      {"'PCIEIN'", HefUnit::pcie_in}, {"'PCIEOUT'", HefUnit::pcie_out}};
  for (const auto& [name, unit] : names) {
    const size_t at = line.find(name);
    ASSERT_NE(at, line.npos) << name;
    const std::string rest = line.substr(at + std::string(name).size());
    EXPECT_EQ(mapping.units[static_cast<size_t>(unit)], numbers_in(rest).at(0)) << name;
  }
}

}  // namespace tessera::test
