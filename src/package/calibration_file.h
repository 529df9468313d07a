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
CalibrationRecord make_calibration_record(const Graph& planned, const Encodings& encodings,
                                          const CalibrationStatistics& statistics,
                                          const QuantizeOptions& options,
                                          const IntegerOptions& wanted);

// Whether what the record tells of `encodings` is true: how many values they hold in which bits,
// and what codes of each value reach. What was seen is not asked: that needs the recordings.
// Errors: kMismatch naming the field.
Result<void> check_record(const CalibrationRecord& record, const Graph& planned,
                          const Encodings& encodings);

std::string print_calibration_record(const CalibrationRecord& record);
// For untrusted text. Errors: kCorrupt, subject = the path of the field.
Result<CalibrationRecord> parse_calibration_record(std::span<const uint8_t> text);

}  // namespace tessera
