// read_sensor_input(): normalisation, names and window of a sensor network as a JSON file.
#include <cmath>

#include <fmt/format.h>

#include "base/counted.h"
#include "base/json_fields.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxSensorFileBytes = uint64_t{1} << 20;
constexpr int64_t kMaxWindowFrames = int64_t{1} << 30;

Result<std::vector<float>> floats_of(const JsonFields& fields, const char* key) {
  TESSERA_TRY(const std::vector<double> numbers, fields.numbers(key));
  std::vector<float> values;
  for (double number : numbers) {
    values.push_back(static_cast<float>(number));
    if (!std::isfinite(values.back())) return fields.error(key, "holds a number beyond float32");
  }
  return values;
}

Result<void> read_z_score(const JsonFields& fields, SensorInput& sensor) {
  TESSERA_TRY(sensor.mean, floats_of(fields, "mean"));
  TESSERA_TRY(sensor.deviation, floats_of(fields, "std"));
  if (sensor.mean.empty()) return fields.error("mean", "is empty");
  if (sensor.mean.size() != sensor.deviation.size()) {
    return fields.error("std",
                        fmt::format("holds {}, mean {}", counted(sensor.deviation.size(), "number"),
                                    sensor.mean.size()));
  }
  for (float deviation : sensor.deviation) {
    if (!(deviation > 0))
      return fields.error("std", fmt::format("holds {:g}, not above 0", deviation));
  }
  if (!fields.has("channel_order")) return {};
  TESSERA_TRY(sensor.channels, fields.words("channel_order"));
  if (sensor.channels.size() != sensor.mean.size()) {
    return fields.error("channel_order", fmt::format("names {}, mean has {}",
                                                     counted(sensor.channels.size(), "channel"),
                                                     sensor.mean.size()));
  }
  return {};
}

}  // namespace

Result<SensorInput> read_sensor_input(const std::filesystem::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxSensorFileBytes));
  TESSERA_TRY(const Json json, parse_json(bytes, path.string()));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, path.string()));
  SensorInput sensor;
  if (fields.has("normalization")) {
    TESSERA_TRY(const JsonFields normalization, fields.object("normalization"));
    TESSERA_TRY_VOID(read_z_score(normalization, sensor));
  }
  if (fields.has("classes")) {
    TESSERA_TRY(sensor.classes, fields.words("classes"));
  }
  if (fields.has("frames")) {
    TESSERA_TRY(sensor.frames, fields.integer("frames", 1, kMaxWindowFrames));
  } else if (fields.has("model_specs")) {
    TESSERA_TRY(const JsonFields specs, fields.object("model_specs"));
    if (specs.has("sequence_length")) {
      TESSERA_TRY(sensor.frames, specs.integer("sequence_length", 1, kMaxWindowFrames));
    }
  }
  if (sensor.empty()) {
    return TESSERA_ERROR(kCorrupt, path.string(), "says nothing of a sensor network",
                         R"(give {"normalization": {"mean": [...], "std": [...]}, "frames": 100})");
  }
  return sensor;
}

}  // namespace tessera
