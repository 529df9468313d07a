// calibration/statistics.json of a package.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/quantize.h"
#include "tessera/package.h"
#include "tessera/result.h"

namespace tessera {

// `planned` with `encodings` that quantize() made of `statistics`. Leaves source and SNR to the
// caller.
CalibrationReport make_calibration_report(const Graph& planned, const Encodings& encodings,
                                          const TensorStatistics& statistics,
                                          const QuantizeOptions& options,
                                          const IntegerOptions& wanted);

// Whether what the report tells of `encodings` is true: how many values they hold in which bits,
// and what codes of each value reach. What was seen is not asked: that needs the recordings.
// Errors: kMismatch naming the field.
Result<void> check_report(const CalibrationReport& report, const Graph& planned,
                          const Encodings& encodings);

std::string print_calibration_report(const CalibrationReport& report);
// For untrusted text. Errors: kCorrupt, subject = the path of the field.
Result<CalibrationReport> parse_calibration_report(std::span<const uint8_t> text);

}  // namespace tessera
