#include "bisect/trial_log.h"

#include <system_error>

#include <fmt/format.h>

#include "base/json_fields.h"
#include "tessera/file.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{64} << 20;
constexpr int64_t kSchema = 1;

struct Read {
  std::string binding;
  std::map<std::string, Trial> trials;
};

Result<Read> parse(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_fifo(path, ignored))  // reading would wait for a writer
    return TESSERA_ERROR(kUnsupported, path.string(), "is a pipe, not a file", "");
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxBytes));
  TESSERA_TRY(const Json json, parse_json(bytes, path.string()));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, path.string()));
  TESSERA_TRY_VOID(fields.integer("schema", kSchema, kSchema));
  Read read;
  TESSERA_TRY(read.binding, fields.text("binding"));
  TESSERA_TRY(const auto trials, fields.named_objects("trials"));
  for (const auto& [key, row] : trials) {
    Trial trial;
    TESSERA_TRY(trial.error, row.number("error"));
    if (trial.error < 0) return row.error("error", "is no energy");
    if (row.has("si_snr_db")) {
      TESSERA_TRY(trial.si_snr_db, row.number("si_snr_db"));
    }
    read.trials[key] = trial;
  }
  return read;
}

}  // namespace

TrialLog::TrialLog(std::filesystem::path path, std::string binding, std::vector<Note>& notes)
    : path_(std::move(path)), binding_(std::move(binding)) {
  std::error_code ignored;
  if (path_.empty() || !std::filesystem::exists(path_, ignored)) return;
  auto read = parse(path_);
  if (read && read->binding == binding_) {
    trials_ = std::move(read->trials);
    resumed_ = static_cast<int64_t>(trials_.size());
    return;
  }
  notes.push_back({NoteSeverity::warning,
                   fmt::format("{}: {}: bisection begins anew", path_.string(),
                               read ? "is of other networks, another signal or other references"
                                    : "is damaged (" + read.error().message + ")")});
}

const Trial* TrialLog::find(const std::string& key) const {
  const auto found = trials_.find(key);
  return found == trials_.end() ? nullptr : &found->second;
}

Result<void> TrialLog::add(const std::string& key, const Trial& trial) {
  trials_[key] = trial;
  return path_.empty() ? Result<void>() : save();
}

Result<void> TrialLog::save() const {
  Json trials = Json::object();
  for (const auto& [key, trial] : trials_) {
    trials[key] = {{"error", trial.error}};
    if (trial.si_snr_db) trials[key]["si_snr_db"] = *trial.si_snr_db;
  }
  const std::string text =
      print_json({{"schema", kSchema}, {"binding", binding_}, {"trials", std::move(trials)}});
  return write_file_atomically(path_, text, {.force = true});
}

}  // namespace tessera
