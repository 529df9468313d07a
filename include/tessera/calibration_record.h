// Calibration record: what a package's integers were chosen from, kept in it. docs/package.md lists
// its fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tessera/calibration.h"
#include "tessera/package.h"
#include "tessera/result.h"

namespace tessera {

struct CalibrationRecord {
  // Values of the planned graph by how they are held.
  struct Arithmetic {
    std::string asked;  // "int8", "int16", "mixed"
    int64_t in_8_bits = 0;
    int64_t in_16_bits = 0;
    int64_t in_float = 0;
    int64_t convolutions = 0;  // with integer weights
    // Of the outputs over float when it was built: the middle and the least of several passages.
    double snr_db = 0;
    double lowest_snr_db = 0;
  } arithmetic;

  struct Source {
    std::vector<std::string> files;  // or folders, by their last name
    int64_t windows = 0;
    uint32_t seed = 0;
    double silence_db = 0;
  } source;

  struct Method {
    std::string observer;  // to_string(Observer)
    double kept = 0;       // percentile only
    double headroom = 0;
    double sum_headroom = 0;  // of values that additions join
  } method;

  struct Value {
    std::string name;
    ValueSummary seen;
    int64_t bits = 0;
    double code_low = 0;   // the least that a code of any channel stands for
    double code_high = 0;  // the most
  };
  std::vector<Value> values;  // by name
};

// nullopt for a package in float, or of a build that kept none. Errors: kCorrupt, subject = the
// path of the field.
Result<std::optional<CalibrationRecord>> calibration_record(const Package& package);

}  // namespace tessera
