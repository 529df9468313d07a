#include "package/manifest.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/archive.h"
#include "base/hash.h"
#include "base/json_fields.h"
#include "base/text_bytes.h"

namespace tessera {
namespace {

constexpr int64_t kMaxSamples = int64_t{1} << 40;
constexpr int64_t kMaxBytes = int64_t{1} << 50;
constexpr std::string_view kNorms[] = {"exact", "frozen"};
constexpr std::string_view kLayouts[] = {"auto", "row", "stripes"};

Json sensor_json(const SensorInput& sensor) {
  Json json{{"devices", sensor.devices}, {"frames", sensor.frames}};
  if (!sensor.mean.empty()) {
    json["mean"] = sensor.mean;
    json["std"] = sensor.deviation;
  }
  if (!sensor.channels.empty()) json["channels"] = sensor.channels;
  if (!sensor.classes.empty()) json["classes"] = sensor.classes;
  return json;
}

Result<std::vector<float>> float_list(const JsonFields& fields, const char* key) {
  TESSERA_TRY(const std::vector<double> numbers, fields.numbers(key));
  std::vector<float> values;
  for (double number : numbers) values.push_back(static_cast<float>(number));
  return values;
}

Result<SensorInput> read_sensor(const JsonFields& fields) {
  SensorInput sensor;
  TESSERA_TRY(sensor.devices, fields.integer("devices", 0, kMaxSamples));
  TESSERA_TRY(sensor.frames, fields.integer("frames", 0, kMaxSamples));
  if (fields.has("mean")) {
    TESSERA_TRY(sensor.mean, float_list(fields, "mean"));
    TESSERA_TRY(sensor.deviation, float_list(fields, "std"));
  }
  if (fields.has("channels")) {
    TESSERA_TRY(sensor.channels, fields.words("channels"));
  }
  if (fields.has("classes")) {
    TESSERA_TRY(sensor.classes, fields.words("classes"));
  }
  if (sensor.empty()) return fields.error("devices", "says nothing of a sensor network");
  return sensor;
}

Json model_json(const PackageModel& model) {
  Json files = Json::array();
  for (const PackageModel::File& file : model.files) {
    files.push_back({{"name", file.name}, {"entry", file.entry}});
  }
  Json json{{"files", std::move(files)},
            {"hash", model.hash},
            {"family", model.family},
            {"arguments", model.arguments},
            {"length_samples", model.length_samples},
            {"n_src", model.n_src}};
  if (model.sample_rate) json["sample_rate"] = *model.sample_rate;
  if (!model.sensor.empty()) json["sensor"] = sensor_json(model.sensor);
  if (!model.notes.empty()) json["notes"] = model.notes;
  return json;
}

Result<PackageModel> read_model(const JsonFields& fields) {
  PackageModel model;
  TESSERA_TRY(const std::vector<JsonFields> files, fields.objects("files"));
  if (files.empty()) return fields.error("files", "is empty");
  for (const JsonFields& file : files) {
    PackageModel::File row;
    TESSERA_TRY(row.name, file.text("name"));
    TESSERA_TRY(row.entry, file.text("entry"));
    model.files.push_back(std::move(row));
  }
  TESSERA_TRY(model.hash, fields.text("hash"));
  TESSERA_TRY(model.family, fields.text("family"));
  TESSERA_TRY(model.arguments, fields.texts("arguments"));
  TESSERA_TRY(model.length_samples, fields.integer("length_samples", 1, kMaxSamples));
  TESSERA_TRY(const int64_t n_src, fields.integer("n_src", 0, 64));
  model.n_src = static_cast<int>(n_src);
  if (fields.has("sample_rate")) {
    TESSERA_TRY(const int64_t rate, fields.integer("sample_rate", 1, 10'000'000));
    model.sample_rate = static_cast<int>(rate);
  }
  if (fields.has("sensor")) {
    TESSERA_TRY(const JsonFields sensor, fields.object("sensor"));
    TESSERA_TRY(model.sensor, read_sensor(sensor));
  }
  if (fields.has("notes")) {
    TESSERA_TRY(model.notes, fields.words("notes"));
  }
  return model;
}

Json options_json(const PackageOptions& options) {
  return {{"norm", options.norm},
          {"layout", options.layout},
          {"tile_frames", options.tile_frames},
          {"block_channels", options.block_channels}};
}

Result<std::string> word(const JsonFields& fields, const char* key,
                         std::span<const std::string_view> known) {
  TESSERA_TRY(std::string text, fields.text(key));
  if (std::find(known.begin(), known.end(), text) == known.end()) {
    return fields.error(key, fmt::format("is '{}', which no build writes", text));
  }
  return text;
}

Result<PackageOptions> read_options(const JsonFields& fields) {
  PackageOptions options;
  TESSERA_TRY(options.norm, word(fields, "norm", kNorms));
  TESSERA_TRY(options.layout, word(fields, "layout", kLayouts));
  TESSERA_TRY(options.tile_frames, fields.integer("tile_frames", 0, kMaxSamples));
  TESSERA_TRY(options.block_channels, fields.integer("block_channels", 0, kMaxSamples));
  return options;
}

Json parity_json(const ParityEvidence& parity) {
  Json json{{"signal", parity.signal}, {"backend", parity.backend},     {"max_abs", parity.max_abs},
            {"peak", parity.peak},     {"tolerance", parity.tolerance}, {"values", parity.values},
            {"codes", parity.codes}};
  if (parity.approximation_db) json["approximation_db"] = *parity.approximation_db;
  return json;
}

Result<ParityEvidence> read_parity(const JsonFields& fields) {
  ParityEvidence parity;
  TESSERA_TRY(parity.signal, fields.text("signal"));
  TESSERA_TRY(parity.backend, fields.text("backend"));
  TESSERA_TRY(parity.max_abs, fields.number("max_abs"));
  TESSERA_TRY(parity.peak, fields.number("peak"));
  TESSERA_TRY(parity.tolerance, fields.number("tolerance"));
  TESSERA_TRY(parity.values, fields.integer("values", 0, kMaxBytes));
  TESSERA_TRY(parity.codes, fields.integer("codes", 0, kMaxBytes));
  if (fields.has("approximation_db")) {
    TESSERA_TRY(parity.approximation_db, fields.number("approximation_db"));
  }
  return parity;
}

Result<PackageEntry> read_entry(const JsonFields& fields) {
  PackageEntry entry;
  TESSERA_TRY(entry.name, fields.text("name"));
  TESSERA_TRY(entry.kind, fields.text("kind"));
  TESSERA_TRY(const int64_t bytes, fields.integer("bytes", 0, kMaxBytes));
  entry.bytes = static_cast<uint64_t>(bytes);
  TESSERA_TRY(entry.hash, fields.text("hash"));
  return entry;
}

// Every file that the manifest speaks of is an entry, and no entry is there twice.
Result<void> check_names(const JsonFields& fields, const PackageManifest& manifest) {
  std::set<std::string> names;
  for (const PackageEntry& entry : manifest.entries) {
    if (!names.insert(entry.name).second) {
      return fields.error("entries", fmt::format("holds '{}' twice", entry.name));
    }
  }
  for (const PackageModel::File& file : manifest.model.files) {
    if (!names.contains(file.entry)) {
      return fields.error("model", fmt::format("speaks of '{}', which is not there", file.entry));
    }
  }
  return {};
}

}  // namespace

std::vector<std::string> texts_of(const std::vector<Note>& notes) {
  std::vector<std::string> texts;
  for (const Note& note : notes) texts.push_back(note.text);
  return texts;
}

std::string print_manifest(const PackageManifest& manifest) {
  Json parity = Json::array();
  for (const ParityEvidence& evidence : manifest.parity) parity.push_back(parity_json(evidence));
  Json entries = Json::array();
  for (const PackageEntry& entry : manifest.entries) {
    entries.push_back(
        {{"name", entry.name}, {"kind", entry.kind}, {"bytes", entry.bytes}, {"hash", entry.hash}});
  }
  return print_json({{"schema", manifest.schema},
                     {"tessera", manifest.tessera},
                     {"model", model_json(manifest.model)},
                     {"target", manifest.target},
                     {"options", options_json(manifest.options)},
                     {"parity", std::move(parity)},
                     {"entries", std::move(entries)}});
}

Result<PackageManifest> parse_manifest(std::span<const uint8_t> text) {
  const std::string name(kManifestName);
  TESSERA_TRY(const Json json, parse_json(text, name));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, name));
  PackageManifest manifest;
  TESSERA_TRY(manifest.schema, fields.integer("schema", 0, INT64_MAX));
  TESSERA_TRY(manifest.tessera, fields.text("tessera"));
  if (manifest.schema != kPackageSchema && manifest.schema != kSensorPackageSchema) {
    return TESSERA_ERROR(
        kUnsupported, name,
        fmt::format(
            "this package has schema {}, written by Tessera {}; this Tessera reads {} and {}",
            manifest.schema, manifest.tessera, kPackageSchema, kSensorPackageSchema),
        "build it again with this version, or use the version that wrote it");
  }
  TESSERA_TRY(const JsonFields model, fields.object("model"));
  TESSERA_TRY(manifest.model, read_model(model));
  if ((manifest.schema == kSensorPackageSchema) == manifest.model.sensor.empty())
    return fields.error("schema", "is not the one of what the package holds");
  TESSERA_TRY(manifest.target, fields.text("target"));
  TESSERA_TRY(const JsonFields options, fields.object("options"));
  TESSERA_TRY(manifest.options, read_options(options));
  TESSERA_TRY(const std::vector<JsonFields> parity, fields.objects("parity"));
  for (const JsonFields& row : parity) {
    TESSERA_TRY(ParityEvidence evidence, read_parity(row));
    manifest.parity.push_back(std::move(evidence));
  }
  TESSERA_TRY(const std::vector<JsonFields> entries, fields.objects("entries"));
  for (const JsonFields& row : entries) {
    TESSERA_TRY(PackageEntry entry, read_entry(row));
    manifest.entries.push_back(std::move(entry));
  }
  TESSERA_TRY_VOID(check_names(fields, manifest));
  return manifest;
}

Result<std::vector<uint8_t>> write_package(PackageManifest manifest,
                                           std::span<const PackageContent> contents) {
  manifest.entries.clear();
  for (const PackageContent& content : contents) {
    manifest.entries.push_back(
        {content.name, content.kind, content.bytes.size(), content_hash(content.bytes)});
  }
  const std::string text = print_manifest(manifest);
  std::vector<ArchiveEntry> entries{{std::string(kManifestName), bytes_of(text)}};
  for (const PackageContent& content : contents) entries.push_back({content.name, content.bytes});
  return write_archive(entries);
}

}  // namespace tessera
