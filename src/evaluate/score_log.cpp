#include "evaluate/score_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <limits>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/json_fields.h"
#include "base/system_error.h"
#include "base/text_bytes.h"
#include "base/write_all.h"
#include "tessera/file.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxLogBytes = uint64_t{1} << 30;
constexpr int64_t kLogSchema = 1;
constexpr int kMaxRate = 1 << 24;

// JSON has no infinity.
Json logged(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "infinite" : "-infinite";
}

Result<double> logged_number(const JsonFields& fields, const char* key) {
  if (Result<double> number = fields.number(key)) return number;
  TESSERA_TRY(const std::string word, fields.text(key));
  if (word == "infinite") return std::numeric_limits<double>::infinity();
  if (word == "-infinite") return -std::numeric_limits<double>::infinity();
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  return fields.error(key, "is no score");
}

Json logged_ratios(double si_snr, double sdr, double snr, std::optional<double> si_snr_improvement,
                   std::optional<double> sdr_improvement) {
  Json json{{"si_snr_db", logged(si_snr)}, {"sdr_db", logged(sdr)}, {"snr_db", logged(snr)}};
  if (si_snr_improvement) json["si_snr_improvement_db"] = logged(*si_snr_improvement);
  if (sdr_improvement) json["sdr_improvement_db"] = logged(*sdr_improvement);
  return json;
}

Result<SourceScore> read_ratios(const JsonFields& fields) {
  SourceScore score;
  TESSERA_TRY(score.si_snr_db, logged_number(fields, "si_snr_db"));
  TESSERA_TRY(score.sdr_db, logged_number(fields, "sdr_db"));
  TESSERA_TRY(score.snr_db, logged_number(fields, "snr_db"));
  TESSERA_TRY(score.si_snr_improvement_db, logged_number(fields, "si_snr_improvement_db"));
  TESSERA_TRY(score.sdr_improvement_db, logged_number(fields, "sdr_improvement_db"));
  return score;
}

Json logged_score(const SeparationScore& score) {
  Json sources = Json::array();
  for (const SourceScore& source : score.sources) {
    Json row = logged_ratios(source.si_snr_db, source.sdr_db, source.snr_db,
                             source.si_snr_improvement_db, source.sdr_improvement_db);
    row["estimate"] = source.estimate;
    sources.push_back(std::move(row));
  }
  return {{"sources", std::move(sources)},
          {"mean", logged_ratios(score.mean_si_snr_db, score.mean_sdr_db, score.mean_snr_db,
                                 score.mean_si_snr_improvement_db, score.mean_sdr_improvement_db)}};
}

Result<SeparationScore> read_score(const JsonFields& fields) {
  SeparationScore score;
  TESSERA_TRY(const auto sources, fields.objects("sources"));
  for (const JsonFields& row : sources) {
    TESSERA_TRY(SourceScore source, read_ratios(row));
    TESSERA_TRY(const int64_t estimate, row.integer("estimate", 0, kMaxScoredSources - 1));
    source.estimate = static_cast<int>(estimate);
    score.sources.push_back(source);
  }
  TESSERA_TRY(const JsonFields means, fields.object("mean"));
  TESSERA_TRY(const SourceScore mean, read_ratios(means));
  score.mean_si_snr_db = mean.si_snr_db;
  score.mean_sdr_db = mean.sdr_db;
  score.mean_snr_db = mean.snr_db;
  score.mean_si_snr_improvement_db = mean.si_snr_improvement_db;
  score.mean_sdr_improvement_db = mean.sdr_improvement_db;
  return score;
}

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string first_line(const std::string& binding) {
  return line_of({{"tessera_scores", kLogSchema}, {"binding", binding}});
}

// Of a log that was written to its end: the first line says what the rest is of.
Result<void> check_first_line(std::string_view line, const std::string& path,
                              const std::string& binding) {
  const auto no_log = [&] {
    return TESSERA_ERROR(kCorrupt, path, "is no log of scores",
                         "give a new folder, or begin anew with WriteOptions::force");
  };
  const auto json = parse_json(bytes_of(line), path);
  if (!json) return no_log();
  const auto fields = JsonFields::of(*json, path);
  if (!fields || !fields->integer("tessera_scores", kLogSchema, kLogSchema)) return no_log();
  TESSERA_TRY(const std::string found, fields->text("binding"));
  if (found == binding) return {};
  return TESSERA_ERROR(kMismatch, path, "is of another model, other options or another data set",
                       "give a new folder, or begin anew with WriteOptions::force");
}

}  // namespace

Result<void> ScoreLog::parse_item(std::string_view line) {
  TESSERA_TRY(const Json json, parse_json(bytes_of(line), path_.string()));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, path_.string()));
  TESSERA_TRY(std::string name, fields.text("item"));
  Entry entry;
  TESSERA_TRY(entry.stamp, fields.text("stamp"));
  TESSERA_TRY(const int64_t rate, fields.integer("sample_rate", 1, kMaxRate));
  entry.scores.sample_rate = static_cast<int>(rate);
  TESSERA_TRY(entry.scores.frames,
              fields.integer("frames", 1, std::numeric_limits<int64_t>::max()));
  TESSERA_TRY(const auto models, fields.objects("models"));
  for (const JsonFields& model : models) {
    TESSERA_TRY(SeparationScore score, read_score(model));
    entry.scores.models.push_back(std::move(score));
  }
  entries_[std::move(name)] = std::move(entry);
  return {};
}

Result<void> ScoreLog::parse(std::string_view text, const std::string& binding) {
  bool is_first = true;
  for (size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    const std::string_view line = text.substr(0, end);
    TESSERA_TRY_VOID(is_first ? check_first_line(line, path_.string(), binding) : parse_item(line));
    is_first = false;
    bytes_ += static_cast<int64_t>(end) + 1;
  }
  // A first line that was not written to its end, or no log at all.
  if (is_first && !text.empty() && !first_line(binding).starts_with(text))
    return check_first_line(text, path_.string(), binding);
  return {};
}

Result<ScoreLog> ScoreLog::open(const std::filesystem::path& path, const std::string& binding,
                                bool force) {
  ScoreLog log;
  log.path_ = path;
  std::error_code ignored;
  const bool is_there = std::filesystem::exists(path, ignored);
  if (is_there && !std::filesystem::is_regular_file(path, ignored)) {
    return TESSERA_ERROR(kInvalidArgument, path.string(), "is no file", "give another folder");
  }
  if (is_there && !force) {
    TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxLogBytes));
    TESSERA_TRY_VOID(log.parse(text_of(bytes), binding));
  }
  constexpr mode_t kAllReadWrite = 0666;  // less the umask
  log.file_ =
      Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, kAllReadWrite));
  if (log.file_.get() < 0) return system_error(errno, path.string(), "write");
  if (::ftruncate(log.file_.get(), log.bytes_) != 0)
    return system_error(errno, path.string(), "write");
  if (log.bytes_ == 0) TESSERA_TRY_VOID(log.append(first_line(binding)));
  return log;
}

const ItemScores* ScoreLog::find(const std::string& name, const std::string& stamp) const {
  const auto found = entries_.find(name);
  return found == entries_.end() || found->second.stamp != stamp ? nullptr : &found->second.scores;
}

Result<void> ScoreLog::add(const std::string& name, const std::string& stamp,
                           const ItemScores& scores) {
  Json models = Json::array();
  for (const SeparationScore& score : scores.models) models.push_back(logged_score(score));
  return append(line_of({{"item", name},
                         {"stamp", stamp},
                         {"sample_rate", scores.sample_rate},
                         {"frames", scores.frames},
                         {"models", std::move(models)}}));
}

// What was not written whole is taken back.
Result<void> ScoreLog::append(const std::string& line) {
  const std::span bytes(reinterpret_cast<const uint8_t*>(line.data()), line.size());
  Result<void> written = write_all(file_.get(), bytes, path_.string());
  if (written && ::fdatasync(file_.get()) != 0 && errno != EINVAL) {
    written = system_error(errno, path_.string(), "write");
  }
  if (!written) {
    // Where even this fails, the next open() drops the rest.
    [[maybe_unused]] const int ignored = ::ftruncate(file_.get(), bytes_);
    return written;
  }
  bytes_ += static_cast<int64_t>(line.size());
  return {};
}

}  // namespace tessera
