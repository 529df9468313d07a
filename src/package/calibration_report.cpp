#include "package/calibration_report.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/json_fields.h"
#include "package/entries.h"

namespace tessera {
namespace {

constexpr int64_t kMaxCount = std::numeric_limits<int64_t>::max();
constexpr double kEqualDb = 1000;  // JSON has no infinity

std::string word_for(const IntegerOptions& wanted) {
  if (wanted.mixed_loss_db > 0) return "mixed";
  return wanted.quantize.int16 ? "int16" : "int8";
}

void count_values(const Graph& planned, const Encodings& encodings,
                  CalibrationReport::Arithmetic& arithmetic) {
  for (NodeId id : planned.order()) {
    const Node& node = planned.node(id);
    if (std::holds_alternative<Constant>(node.op)) continue;
    const auto encoding = encoding_of(planned, id, encodings);
    ++(!encoding             ? arithmetic.in_float
       : encoding->bits == 8 ? arithmetic.in_8_bits
                             : arithmetic.in_16_bits);
  }
  arithmetic.convolutions = static_cast<int64_t>(encodings.weights.size());
}

// `value.seen.channels` are known.
void add_range(const ValueEncoding& encoding, CalibrationReport::Value& value) {
  value.bits = encoding.bits;
  for (int64_t c = 0; c < value.seen.channels; ++c) {
    const auto scale = static_cast<double>(encoding.scale_of(c));
    const int32_t zero = encoding.zero_point_of(c);
    value.code_low = std::min(value.code_low, (encoding.lowest() - zero) * scale);
    value.code_high = std::max(value.code_high, (encoding.highest() - zero) * scale);
  }
}

// Of a value that stays float: the one in which its convolutions read it.
const ValueEncoding* encoding_for_readers(const Graph& planned, const Encodings& encodings,
                                          const std::string& name) {
  const NodeId id = planned.find(name);
  if (id == kNoNode) return nullptr;
  for (NodeId user : planned.users(id)) {
    const auto weights = encodings.weights.find(planned.node(user).name);
    if (weights != encodings.weights.end() && weights->second.operand)
      return &*weights->second.operand;
  }
  return nullptr;
}

// The encoding in which a value that was seen is held or read; nullptr for none.
const ValueEncoding* encoding_of_seen(const Graph& planned, const Encodings& encodings,
                                      const std::string& name) {
  const auto own = encodings.values.find(name);
  return own != encodings.values.end() ? &own->second
                                       : encoding_for_readers(planned, encodings, name);
}

Json json_of(const CalibrationReport::Value& value) {
  const ValueSummary& seen = value.seen;
  return {{"channels", seen.channels},
          {"dead_channels", seen.dead_channels},
          {"count", seen.count},
          {"low", seen.low},
          {"low_percentile", seen.low_percentile},
          {"median", seen.median},
          {"high_percentile", seen.high_percentile},
          {"high", seen.high},
          {"mean", seen.mean},
          {"rms", seen.rms},
          {"channel_range_ratio", seen.channel_range_ratio},
          {"bits", value.bits},
          {"code_low", value.code_low},
          {"code_high", value.code_high}};
}

Result<ValueSummary> parse_summary(const JsonFields& fields) {
  ValueSummary seen;
  TESSERA_TRY(seen.channels, fields.integer("channels", 1, kMaxCount));
  TESSERA_TRY(seen.dead_channels, fields.integer("dead_channels", 0, seen.channels));
  TESSERA_TRY(seen.count, fields.integer("count", 0, kMaxCount));
  TESSERA_TRY(seen.low, fields.number("low"));
  TESSERA_TRY(seen.low_percentile, fields.number("low_percentile"));
  TESSERA_TRY(seen.median, fields.number("median"));
  TESSERA_TRY(seen.high_percentile, fields.number("high_percentile"));
  TESSERA_TRY(seen.high, fields.number("high"));
  TESSERA_TRY(seen.mean, fields.number("mean"));
  TESSERA_TRY(seen.rms, fields.number("rms"));
  TESSERA_TRY(seen.channel_range_ratio, fields.number("channel_range_ratio"));
  return seen;
}

Result<CalibrationReport::Value> parse_value(const std::string& name, const JsonFields& fields) {
  CalibrationReport::Value value;
  value.name = name;
  TESSERA_TRY(value.seen, parse_summary(fields));
  TESSERA_TRY(value.bits, fields.integer("bits", 0, 16));
  TESSERA_TRY(value.code_low, fields.number("code_low"));
  TESSERA_TRY(value.code_high, fields.number("code_high"));
  return value;
}

Result<void> parse_arithmetic(const JsonFields& fields, CalibrationReport::Arithmetic& arithmetic) {
  TESSERA_TRY(arithmetic.asked, fields.text("asked"));
  TESSERA_TRY(arithmetic.in_8_bits, fields.integer("in_8_bits", 0, kMaxCount));
  TESSERA_TRY(arithmetic.in_16_bits, fields.integer("in_16_bits", 0, kMaxCount));
  TESSERA_TRY(arithmetic.in_float, fields.integer("in_float", 0, kMaxCount));
  TESSERA_TRY(arithmetic.convolutions, fields.integer("convolutions", 0, kMaxCount));
  TESSERA_TRY(arithmetic.snr_db, fields.number("snr_db"));
  arithmetic.lowest_snr_db = arithmetic.snr_db;  // of packages that do not tell
  if (fields.has("lowest_snr_db")) {
    TESSERA_TRY(arithmetic.lowest_snr_db, fields.number("lowest_snr_db"));
  }
  return {};
}

Result<void> parse_source(const JsonFields& fields, CalibrationReport::Source& source) {
  TESSERA_TRY(const auto files, fields.objects("files"));
  for (const JsonFields& file : files) {
    TESSERA_TRY(std::string name, file.text("name"));
    source.files.push_back(std::move(name));
  }
  TESSERA_TRY(source.windows, fields.integer("windows", 0, kMaxCount));
  TESSERA_TRY(const int64_t seed, fields.integer("seed", 0, UINT32_MAX));
  source.seed = static_cast<uint32_t>(seed);
  TESSERA_TRY(source.silence_db, fields.number("silence_db"));
  return {};
}

}  // namespace

CalibrationReport make_calibration_report(const Graph& planned, const Encodings& encodings,
                                          const TensorStatistics& statistics,
                                          const QuantizeOptions& options,
                                          const IntegerOptions& wanted) {
  CalibrationReport report;
  report.arithmetic.asked = word_for(wanted);
  count_values(planned, encodings, report.arithmetic);
  report.method = {std::string(to_string(options.range_estimator)), options.coverage,
                   options.range_margin, options.sum_range_margin};
  for (const auto& [name, channels] : statistics.nodes()) {
    CalibrationReport::Value value{name, summarize(channels), 0, 0, 0};
    const ValueEncoding* encoding = encoding_of_seen(planned, encodings, name);
    if (encoding != nullptr) add_range(*encoding, value);
    report.values.push_back(std::move(value));
  }
  return report;
}

Result<void> check_report(const CalibrationReport& report, const Graph& planned,
                          const Encodings& encodings) {
  const auto wrong = [](const std::string& what) {
    return TESSERA_ERROR(kMismatch, std::string(entries::kCalibration),
                         what + " is not what the package's encodings give",
                         "build the package again");
  };
  CalibrationReport::Arithmetic counted;
  count_values(planned, encodings, counted);
  const CalibrationReport::Arithmetic& told = report.arithmetic;
  if (std::tie(told.in_8_bits, told.in_16_bits, told.in_float, told.convolutions) !=
      std::tie(counted.in_8_bits, counted.in_16_bits, counted.in_float, counted.convolutions)) {
    return wrong("arithmetic");
  }
  std::set<std::string> named;
  for (const CalibrationReport::Value& value : report.values) {
    const std::string field = fmt::format("values.{}", value.name);
    const NodeId id = planned.find(value.name);
    if (id == kNoNode || planned.node(id).shape.c != value.seen.channels) return wrong(field);
    CalibrationReport::Value made{value.name, value.seen, 0, 0, 0};
    const ValueEncoding* encoding = encoding_of_seen(planned, encodings, value.name);
    if (encoding != nullptr) add_range(*encoding, made);
    if (std::tie(value.bits, value.code_low, value.code_high) !=
        std::tie(made.bits, made.code_low, made.code_high)) {
      return wrong(field);
    }
    named.insert(value.name);
  }
  for (const auto& [name, encoding] : encodings.values) {
    const Node& node = planned.node(planned.find(name));
    if (!named.contains(name) && !std::holds_alternative<Slice>(node.op) &&
        !std::holds_alternative<Pad>(node.op)) {
      return wrong(fmt::format("values without '{}'", name));
    }
  }
  return {};
}

std::string print_calibration_report(const CalibrationReport& report) {
  Json files = Json::array();
  for (const std::string& name : report.source.files) files.push_back({{"name", name}});
  Json values = Json::object();
  for (const CalibrationReport::Value& value : report.values) values[value.name] = json_of(value);
  const CalibrationReport::Arithmetic& arithmetic = report.arithmetic;
  return print_json({{"arithmetic",
                      {{"asked", arithmetic.asked},
                       {"in_8_bits", arithmetic.in_8_bits},
                       {"in_16_bits", arithmetic.in_16_bits},
                       {"in_float", arithmetic.in_float},
                       {"convolutions", arithmetic.convolutions},
                       {"snr_db", std::min(arithmetic.snr_db, kEqualDb)},
                       {"lowest_snr_db", std::min(arithmetic.lowest_snr_db, kEqualDb)}}},
                     {"source",
                      {{"files", std::move(files)},
                       {"windows", report.source.windows},
                       {"seed", report.source.seed},
                       {"silence_db", report.source.silence_db}}},
                     {"method",
                      {{"range_estimator", report.method.range_estimator},
                       {"coverage", report.method.coverage},
                       {"range_margin", report.method.range_margin},
                       {"sum_range_margin", report.method.sum_range_margin}}},
                     {"values", std::move(values)}});
}

Result<CalibrationReport> parse_calibration_report(std::span<const uint8_t> text) {
  const std::string name(entries::kCalibration);
  TESSERA_TRY(const Json json, parse_json(text, name));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, name));
  CalibrationReport report;
  TESSERA_TRY(const JsonFields arithmetic, fields.object("arithmetic"));
  TESSERA_TRY_VOID(parse_arithmetic(arithmetic, report.arithmetic));
  TESSERA_TRY(const JsonFields source, fields.object("source"));
  TESSERA_TRY_VOID(parse_source(source, report.source));
  TESSERA_TRY(const JsonFields method, fields.object("method"));
  TESSERA_TRY(report.method.range_estimator, method.text("range_estimator"));
  TESSERA_TRY(report.method.coverage, method.number("coverage"));
  TESSERA_TRY(report.method.range_margin, method.number("range_margin"));
  report.method.sum_range_margin = report.method.range_margin;  // of packages that had one for all
  if (method.has("sum_range_margin")) {
    TESSERA_TRY(report.method.sum_range_margin, method.number("sum_range_margin"));
  }
  TESSERA_TRY(const auto values, fields.named_objects("values"));
  for (const auto& [key, row] : values) {
    TESSERA_TRY(CalibrationReport::Value value, parse_value(key, row));
    report.values.push_back(std::move(value));
  }
  return report;
}

Result<std::optional<CalibrationReport>> calibration_report(const Package& package) {
  const auto text = package.read(entries::kCalibration);
  if (!text) return std::optional<CalibrationReport>();
  TESSERA_TRY(CalibrationReport report, parse_calibration_report(*text));
  return std::optional(std::move(report));
}

}  // namespace tessera
