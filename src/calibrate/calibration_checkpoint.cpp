#include "tessera/compiler/calibrate.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/archive.h"
#include "base/hash.h"
#include "base/json_fields.h"
#include "base/npy.h"
#include "base/text_bytes.h"
#include "base/zip_archive.h"
#include "graph/window_reading.h"

namespace tessera {
namespace {

constexpr std::string_view kMagic = "tessera calibration state 1\n";
constexpr size_t kDigestDigits = 32;
constexpr size_t kMinChannelBytes = 1 + 8 + 8 + 3 * 4;
constexpr std::string_view kOrigin = "calib_source.json";
constexpr uint64_t kMaxOriginBytes = uint64_t{1} << 20;
constexpr uint64_t kMaxArchiveBytes = uint64_t{4} << 30;
constexpr uint64_t kMaxCheckpointBytes = uint64_t{8} << 30;
constexpr size_t kMaxDimension = size_t{1} << 24;

class CheckpointWriter {
 public:
  void text(std::string_view value) {
    varint(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
  void raw(std::string_view value) { bytes_.insert(bytes_.end(), value.begin(), value.end()); }
  // Seven bits a byte, the lowest first.
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<uint8_t>(value));
  }
  void real(double value) { fixed(std::bit_cast<uint64_t>(value), 8); }
  void real(float value) { fixed(std::bit_cast<uint32_t>(value), 4); }

  std::vector<uint8_t> finish() {
    raw(content_hash(bytes_));
    return std::move(bytes_);
  }

 private:
  void fixed(uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  std::vector<uint8_t> bytes_;
};

// Reads what CheckpointWriter wrote; after the first thing that is not there, nothing but zeros.
class CheckpointReader {
 public:
  explicit CheckpointReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool good() const { return good_; }
  bool at_end() const { return bytes_.empty(); }
  void fail() {
    good_ = false;
    bytes_ = {};
  }

  uint8_t byte() {
    if (bytes_.empty()) {
      fail();
      return 0;
    }
    const uint8_t first = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return first;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      const uint8_t part = byte();
      value |= static_cast<uint64_t>(part & 0x7F) << shift;
      if (part < 0x80) return value;
    }
    fail();
    return 0;
  }
  // A number of things that take at least `least_bytes` each of what is left.
  size_t count(size_t least_bytes, size_t most = kMaxDimension) {
    const uint64_t value = varint();
    if (value > most || value > bytes_.size() / least_bytes) {
      fail();
      return 0;
    }
    return static_cast<size_t>(value);
  }
  std::string text() {
    const size_t size = count(1);
    std::string value(reinterpret_cast<const char*>(bytes_.data()), size);
    bytes_ = bytes_.subspan(size);
    return value;
  }
  double real64() { return std::bit_cast<double>(fixed(8)); }
  float real32() { return std::bit_cast<float>(static_cast<uint32_t>(fixed(4))); }

 private:
  uint64_t fixed(int size) {
    uint64_t value = 0;
    for (int i = 0; i < size; ++i) value |= static_cast<uint64_t>(byte()) << (8 * i);
    return value;
  }
  std::span<const uint8_t> bytes_;
  bool good_ = true;
};

void write_channel(CheckpointWriter& writer, const ChannelStatistics& channel) {
  writer.varint(static_cast<uint64_t>(channel.count()));
  writer.real(channel.sum());
  writer.real(channel.squares());
  writer.real(channel.low());
  writer.real(channel.high());
  writer.real(channel.reach());
  for (int64_t bin : channel.bins()) writer.varint(static_cast<uint64_t>(bin));
}

std::optional<ChannelStatistics> read_channel(CheckpointReader& reader) {
  ChannelStatistics::Parts parts;
  parts.count = static_cast<int64_t>(reader.varint());
  parts.sum = reader.real64();
  parts.squares = reader.real64();
  parts.low = reader.real32();
  parts.high = reader.real32();
  parts.reach = reader.real32();
  if (parts.reach > 0) {
    parts.bins.resize(ChannelStatistics::kBins);
    for (int64_t& bin : parts.bins) bin = static_cast<int64_t>(reader.varint());
  }
  if (!reader.good()) return std::nullopt;
  return ChannelStatistics::from_parts(std::move(parts));
}

void hash_tensor(ContentHasher& hasher, const NamedWeight& weight) {
  hasher.update(fmt::format("{} {}", weight.name, dims_to_string(weight.tensor->dims())));
  hasher.update(weight.tensor->values());
}

// "voices" of "recordings/voices/": where it lay is nobody's business.
std::string last_name(const std::filesystem::path& path) {
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

Result<CalibrationData::Origin> parse_origin(std::span<const uint8_t> text,
                                             const std::string& subject) {
  TESSERA_TRY(const Json json, parse_json(text, subject));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, subject));
  CalibrationData::Origin origin;
  TESSERA_TRY(const auto files, fields.objects("files"));
  for (const JsonFields& file : files) {
    TESSERA_TRY(std::string name, file.text("name"));
    origin.files.push_back(std::move(name));
  }
  TESSERA_TRY(const int64_t seed, fields.integer("seed", 0, std::numeric_limits<uint32_t>::max()));
  origin.seed = static_cast<uint32_t>(seed);
  TESSERA_TRY(origin.silence_db, fields.number("silence_db"));
  if (fields.has("recordings")) {
    TESSERA_TRY(origin.recordings,
                fields.integers("recordings", 0, std::numeric_limits<int64_t>::max()));
  }
  return origin;
}

// The values from `begin` on of every window, as the file of the model lays them out.
Result<std::vector<uint8_t>> stacked_array(std::span<const std::vector<float>> windows,
                                           size_t begin, const IoLayout& input) {
  const auto size = static_cast<size_t>(input.shape.size());
  std::vector<float> values(windows.size() * size);
  for (size_t w = 0; w < windows.size(); ++w) {
    TESSERA_TRY_VOID(to_file_layout(input, std::span(windows[w]).subspan(begin, size),
                                    std::span(values).subspan(w * size, size)));
  }
  return format_npy(stacked_dims(input, static_cast<int64_t>(windows.size())), values);
}

// Keeps the statistics in the file, now and then.
class Keeper {
 public:
  Keeper(const CheckpointFile& file, CalibrationCheckpoint& checkpoint)
      : file_(file), checkpoint_(checkpoint) {}

  Result<void> done(int64_t windows) {
    checkpoint_.windows = windows;
    unsaved_ = true;
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - saved_;
    return since.count() >= file_.save_every_seconds ? save() : Result<void>();
  }
  Result<void> save() {
    if (file_.path.empty() || !unsaved_) return {};
    TESSERA_TRY_VOID(write_file_atomically(file_.path, format_calibration_checkpoint(checkpoint_),
                                           {.force = true}));
    unsaved_ = false;
    saved_ = std::chrono::steady_clock::now();
    return {};
  }
  void remove() const {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(file_.path, ignored))
      std::filesystem::remove(file_.path, ignored);
  }

 private:
  const CheckpointFile& file_;
  CalibrationCheckpoint& checkpoint_;
  bool unsaved_ = false;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

// What an earlier run left; `notes` says why it is not used.
CalibrationCheckpoint earlier_checkpoint(const CheckpointFile& file, const std::string& binding,
                                         size_t windows, std::vector<Note>& notes) {
  CalibrationCheckpoint fresh{binding, 0, {}};
  std::error_code ignored;
  if (file.path.empty() || !std::filesystem::exists(file.path, ignored)) return fresh;
  const auto begin_anew = [&](std::string_view why) {
    notes.push_back({NoteSeverity::warning,
                     fmt::format("{}: {}: calibration begins anew", file.path.string(), why)});
    return std::move(fresh);
  };
  if (std::filesystem::is_fifo(file.path, ignored))  // reading would wait for a writer
    return begin_anew("is a pipe, not a file");
  const auto bytes = read_file(file.path, kMaxCheckpointBytes);
  if (!bytes) return begin_anew(bytes.error().message);
  auto checkpoint = parse_calibration_checkpoint(*bytes, file.path.string());
  if (!checkpoint) return begin_anew(checkpoint.error().message);
  if (checkpoint->binding != binding || checkpoint->windows > static_cast<int64_t>(windows))
    return begin_anew("is of another network or other windows");
  return std::move(*checkpoint);
}

}  // namespace

int64_t calibration_frames(const ImportedModel& model) {
  const int64_t second = std::min(model.length_samples, longest_calibration_frames(model));
  return model.network->instantiate(second).has_value() ? second : model.length_samples;
}

int64_t longest_calibration_frames(const ImportedModel& model) {
  return model.sample_rate.value_or(8000);
}

std::vector<uint8_t> format_calibration_checkpoint(const CalibrationCheckpoint& checkpoint) {
  CheckpointWriter writer;
  writer.raw(kMagic);
  writer.text(checkpoint.binding);
  writer.varint(static_cast<uint64_t>(checkpoint.windows));
  writer.varint(checkpoint.statistics.nodes().size());
  for (const auto& [name, channels] : checkpoint.statistics.nodes()) {
    writer.text(name);
    writer.varint(channels.size());
    for (const ChannelStatistics& channel : channels) write_channel(writer, channel);
  }
  return writer.finish();
}

Result<CalibrationCheckpoint> parse_calibration_checkpoint(std::span<const uint8_t> bytes,
                                                           std::string_view subject) {
  const auto damaged = [&](std::string message) {
    return TESSERA_ERROR(kCorrupt, std::string(subject), std::move(message),
                         "remove it, and calibrate from the beginning");
  };
  if (bytes.size() < kMagic.size() + kDigestDigits || !text_of(bytes).starts_with(kMagic))
    return damaged("is no calibration checkpoint");
  const auto content = bytes.first(bytes.size() - kDigestDigits);
  if (content_hash(content) != text_of(bytes.last(kDigestDigits))) return damaged("is damaged");
  CheckpointReader reader(content.subspan(kMagic.size()));
  CalibrationCheckpoint checkpoint;
  checkpoint.binding = reader.text();
  checkpoint.windows = static_cast<int64_t>(reader.varint());
  const size_t nodes = reader.count(2);
  for (size_t n = 0; n < nodes && reader.good(); ++n) {
    std::string name = reader.text();
    std::vector<ChannelStatistics> channels(reader.count(kMinChannelBytes));
    for (ChannelStatistics& channel : channels) {
      auto made = read_channel(reader);
      if (!made) return damaged("holds statistics that contradict each other");
      channel = std::move(*made);
    }
    checkpoint.statistics.restore(std::move(name), std::move(channels));
  }
  if (!reader.good() || !reader.at_end()) return damaged("is damaged");
  return checkpoint;
}

std::string calibration_binding(const Graph& legal, std::span<const std::vector<float>> windows) {
  ContentHasher hasher;
  for (NodeId id : legal.order()) {
    const Node& node = legal.node(id);
    hasher.update(fmt::format("{} {} {}", node.name, op_name(node.op), to_string(node.shape)));
    for (const NamedWeight& weight : weights_of(node.op)) hash_tensor(hasher, weight);
  }
  for (const auto& window : windows) hasher.update(std::span<const float>(window));
  return hasher.hex();
}

Result<CheckpointedStatistics> calibrate_resumably(const Graph& legal,
                                                   const QuantizeOptions& options, Backend& backend,
                                                   std::span<const std::vector<float>> windows,
                                                   const CheckpointFile& file,
                                                   const CalibrationProgress& progress) {
  CheckpointedStatistics run;
  CalibrationCheckpoint checkpoint =
      earlier_checkpoint(file, calibration_binding(legal, windows), windows.size(), run.notes);
  run.resumed = checkpoint.windows;
  Keeper keeper(file, checkpoint);
  const auto all = static_cast<int64_t>(windows.size());
  Result<void> kept;
  const auto observed = [&](int64_t done, int64_t) {
    kept = keeper.done(done);
    return kept.has_value() && (!progress || progress(done, all));
  };
  const auto outcome =
      calibrate(legal, options, backend, windows, checkpoint.statistics, observed, run.resumed);
  TESSERA_TRY_VOID(std::move(kept));
  if (!outcome) {
    TESSERA_TRY_VOID(keeper.save());
    Error error = outcome.error();
    if (error.code == ErrorCode::kCancelled && !file.path.empty())
      error.hint = "the same command goes on from there";
    return error;
  }
  keeper.remove();
  run.statistics = std::move(checkpoint.statistics);
  return run;
}

Result<void> write_calibration_windows(const std::filesystem::path& path,
                                       std::span<const std::vector<float>> windows,
                                       std::span<const IoLayout> inputs,
                                       const CalibrationData::Origin& origin,
                                       WriteOptions options) {
  size_t size = 0;
  for (const IoLayout& input : inputs) size += static_cast<size_t>(input.shape.size());
  for (const auto& window : windows) {
    if (window.size() == size) continue;
    return TESSERA_ERROR(kInvalidArgument, path.string(),
                         fmt::format("a window of {} values is none of {}", window.size(), size),
                         "");
  }
  std::vector<std::vector<uint8_t>> arrays;
  size_t begin = 0;
  for (const IoLayout& input : inputs) {
    TESSERA_TRY(std::vector<uint8_t> array, stacked_array(windows, begin, input));
    arrays.push_back(std::move(array));
    begin += static_cast<size_t>(input.shape.size());
  }
  Json files = Json::array();
  for (const std::string& name : origin.files) files.push_back({{"name", name}});
  const std::string text = print_json({{"files", std::move(files)},
                                       {"seed", origin.seed},
                                       {"silence_db", origin.silence_db},
                                       {"recordings", origin.recordings}});
  const std::vector<uint8_t> told(text.begin(), text.end());
  std::vector<ArchiveEntry> entries;
  for (size_t i = 0; i < inputs.size(); ++i)
    entries.push_back({(inputs.size() == 1 ? "calib_data" : inputs[i].name) + ".npy", arrays[i]});
  entries.push_back({std::string(kOrigin), told});
  TESSERA_TRY(const std::vector<uint8_t> file, write_archive(entries));
  return write_file_atomically(path, file, options);
}

Result<CalibrationData::Origin> calibration_origin(const CalibrationConfig& config) {
  const std::vector<std::filesystem::path>& paths = config.sources;
  if (paths.size() == 1 && paths[0].extension() == ".npz") {
    TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(paths[0], kMaxArchiveBytes));
    TESSERA_TRY(const ZipArchive archive, ZipArchive::open(bytes));
    const ZipEntry* entry = archive.find(kOrigin);
    if (entry != nullptr && entry->bytes <= kMaxOriginBytes) {
      TESSERA_TRY(const ZipBytes text, archive.read(*entry));
      return parse_origin(text.view(), paths[0].string() + ": " + std::string(kOrigin));
    }
  }
  CalibrationData::Origin origin{{}, config.seed, config.silence_db, {}};
  for (const std::filesystem::path& path : paths) origin.files.push_back(last_name(path));
  return origin;
}

}  // namespace tessera
