#include "evaluate/evaluation.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/folder_lock.h"
#include "base/hash.h"
#include "base/threads/processors.h"
#include "evaluate/score_log.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/file.h"
#include "tessera/package.h"

namespace tessera {
namespace {

using Networks = std::vector<Separator>;  // by model

constexpr int kMaxJobs = 256;

Error invalid_field(const char* field, std::string message, std::string hint) {
  return TESSERA_ERROR(kInvalidArgument, field, std::move(message), std::move(hint));
}

Result<Networks> open_networks(const std::vector<EvaluatedModel>& models) {
  Networks networks;
  for (const EvaluatedModel& model : models) {
    TESSERA_TRY(Separator separator, Separator::open(model.path, model.separator));
    networks.push_back(std::move(separator));
  }
  return networks;
}

// The network with its weights in one hash.
Result<std::string> hash_of_network(const EvaluatedModel& model) {
  if (is_package(model.path)) {
    TESSERA_TRY(const Package package, Package::open(model.path));
    return package.hash();
  }
  ImportOptions options;
  options.model_args = model.separator.model_args;
  TESSERA_TRY(const ImportedModel imported, load_model(model.path, options));
  return calibration_binding(imported.graph, {});
}

// All that scores depend on besides the files.
Result<std::string> binding_of_models(const EvaluationOptions& options, const Networks& networks) {
  ContentHasher hasher;
  for (size_t m = 0; m < networks.size(); ++m) {
    TESSERA_TRY(const std::string hash, hash_of_network(options.models[m]));
    const SeparatorOptions& separator = options.models[m].separator;
    hasher.update(fmt::format("{} {} {} {} {} {} {} {}\n", hash, networks[m].backend(),
                              networks[m].host_backend(), networks[m].sample_rate().value_or(0),
                              static_cast<int>(separator.channels.kind), separator.channels.channel,
                              options.allow_truncated, separator.window_seconds));
  }
  return hasher.hex();
}

ItemReading reading_of(const EvaluationOptions& options) {
  return {options.models[0].separator.channels, options.allow_truncated};
}

// Whether the next item would fail of it, too.
bool ends_evaluation(const Error& error, const DataSetItem& item) {
  if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kUnavailable) return true;
  if (error.code != ErrorCode::kNoSpace && error.code != ErrorCode::kIo) return false;
  const auto is_it = [&](const std::filesystem::path& path) {
    return error.subject == path.string();
  };
  return !is_it(item.mixture) && std::none_of(item.sources.begin(), item.sources.end(), is_it);
}

template <typename Field>
MeanInterval mean_over(const std::vector<const SeparationScore*>& scores, const Field& field) {
  std::vector<double> values;
  for (const SeparationScore* score : scores) values.push_back(field(*score));
  return mean_interval(values);
}

EvaluationMeans means_of(const std::vector<const SeparationScore*>& scores) {
  using S = SeparationScore;
  return {mean_over(scores, [](const S& s) { return s.mean_si_snr_db; }),
          mean_over(scores, [](const S& s) { return *s.mean_si_snr_improvement_db; }),
          mean_over(scores, [](const S& s) { return s.mean_sdr_db; }),
          mean_over(scores, [](const S& s) { return *s.mean_sdr_improvement_db; }),
          mean_over(scores, [](const S& s) { return s.mean_snr_db; })};
}

SeparationScore score_difference(const SeparationScore& a, const SeparationScore& b) {
  SeparationScore difference;
  difference.mean_si_snr_db = b.mean_si_snr_db - a.mean_si_snr_db;
  difference.mean_sdr_db = b.mean_sdr_db - a.mean_sdr_db;
  difference.mean_snr_db = b.mean_snr_db - a.mean_snr_db;
  difference.mean_si_snr_improvement_db =
      *b.mean_si_snr_improvement_db - *a.mean_si_snr_improvement_db;
  difference.mean_sdr_improvement_db = *b.mean_sdr_improvement_db - *a.mean_sdr_improvement_db;
  return difference;
}

void add_means(Evaluation& evaluation, size_t models) {
  std::vector<const EvaluatedItem*> scored;
  for (const EvaluatedItem& item : evaluation.items) {
    if (!item.error) scored.push_back(&item);
  }
  for (size_t m = 0; m < models; ++m) {
    std::vector<const SeparationScore*> scores;
    for (const EvaluatedItem* item : scored) scores.push_back(&item->scores[m]);
    evaluation.means.push_back(means_of(scores));
  }
  if (models != 2) return;
  std::vector<SeparationScore> differences;
  for (const EvaluatedItem* item : scored)
    differences.push_back(score_difference(item->scores[0], item->scores[1]));
  std::vector<const SeparationScore*> scores;
  for (const SeparationScore& difference : differences) scores.push_back(&difference);
  evaluation.difference = means_of(scores);
}

// The items that are not known yet, taken by several threads.
class Work {
 public:
  Work(const EvaluationOptions& options, const EvaluationProgress& progress, ScoreLog& log,
       Evaluation& evaluation)
      : models_(options.models.size()),
        reading_(reading_of(options)),
        progress_(progress),
        log_(log),
        evaluation_(evaluation) {}

  // Fills in what the log knows and what failed before any work.
  void prepare() {
    for (size_t i = 0; i < evaluation_.items.size(); ++i) {
      EvaluatedItem& item = evaluation_.items[i];
      Result<std::string> stamp =
          item.item.error ? Result<std::string>(*item.item.error) : stamp_of(item.item);
      if (!stamp) {
        item.error = std::move(stamp).error();
        continue;
      }
      const ItemScores* known = log_.find(item.item.name, *stamp);
      if (known != nullptr && known->models.size() == models_) {
        take(item, *known);
        ++evaluation_.resumed;
      } else {
        pending_.push_back({i, std::move(stamp).value()});
      }
    }
    done_ = static_cast<int64_t>(evaluation_.items.size() - pending_.size());
  }

  size_t pending() const { return pending_.size(); }

  // By each thread, until nothing is left or something ends it all.
  void run(Networks& networks) {
    for (size_t at; (at = next_++) < pending_.size() && !stopped_;) {
      EvaluatedItem& item = evaluation_.items[pending_[at].item];
      Result<ItemScores> scores = score_item(item.item, reading_, networks);
      const std::lock_guard lock(mutex_);
      if (stopped_) return;
      finish(item, pending_[at].stamp, std::move(scores));
    }
  }
  void stop(Error error) {
    const std::lock_guard lock(mutex_);
    end(std::move(error));
  }

  const std::optional<Error>& error() const { return fatal_; }

 private:
  struct Pending {
    size_t item;
    std::string stamp;
  };

  static void take(EvaluatedItem& item, const ItemScores& scores) {
    item.sample_rate = scores.sample_rate;
    item.frames = scores.frames;
    item.scores = scores.models;
  }

  void end(Error error) {
    if (!fatal_) fatal_ = std::move(error);
    stopped_ = true;
  }

  void finish(EvaluatedItem& item, const std::string& stamp, Result<ItemScores> scores) {
    if (scores) {
      if (Result<void> kept = log_.add(item.item.name, stamp, *scores); !kept)
        return end(std::move(kept).error());
      take(item, *scores);
      ++evaluation_.scored;
      for (const std::string& warning : scores->warnings) ++evaluation_.warnings[warning];
    } else if (ends_evaluation(scores.error(), item.item)) {
      return end(std::move(scores).error());
    } else {
      item.error = std::move(scores).error();
    }
    const auto all = static_cast<int64_t>(evaluation_.items.size());
    if (++done_ == all || !progress_ || progress_(done_, all)) return;
    end(TESSERA_ERROR(kCancelled, "evaluation", fmt::format("stopped after {} of {}", done_, all),
                      "the same command goes on from there"));
  }

  size_t models_;
  ItemReading reading_;
  const EvaluationProgress& progress_;
  ScoreLog& log_;
  Evaluation& evaluation_;
  std::vector<Pending> pending_;
  std::atomic<size_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;  // guards the log, the evaluation and all below
  int64_t done_ = 0;
  std::optional<Error> fatal_;
};

}  // namespace

Result<void> EvaluationOptions::validate() const {
  if (models.empty() || models.size() > 2) {
    return invalid_field("EvaluationOptions::models",
                         fmt::format("{} networks cannot be evaluated together", models.size()),
                         "give one, or two to compare");
  }
  if (jobs < 1 || jobs > kMaxJobs) {
    return invalid_field("EvaluationOptions::jobs", fmt::format("{} jobs make no sense", jobs),
                         fmt::format("give a number from 1 to {}", kMaxJobs));
  }
  if (folder.empty()) {
    return invalid_field("EvaluationOptions::folder", "no folder is given",
                         "name one for the scores");
  }
  return {};
}

std::vector<size_t> Evaluation::worst_first() const {
  const auto value = [&](size_t i) {
    const std::vector<SeparationScore>& scores = items[i].scores;
    const double first = *scores[0].mean_si_snr_improvement_db;
    return scores.size() < 2 ? first : *scores[1].mean_si_snr_improvement_db - first;
  };
  std::vector<std::pair<double, size_t>> ranked;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].error) continue;
    const double rank = value(i);
    ranked.emplace_back(std::isnan(rank) ? -std::numeric_limits<double>::infinity() : rank, i);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<size_t> order;
  for (const auto& [rank, i] : ranked) order.push_back(i);
  return order;
}

struct Evaluator::State {
  EvaluationOptions options;
  Networks networks;  // of the first job
};

Evaluator::Evaluator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;
Evaluator::~Evaluator() = default;

Result<Evaluator> Evaluator::open(EvaluationOptions options) {
  TESSERA_TRY_VOID(options.validate());
  for (EvaluatedModel& model : options.models) {
    model.separator.level = VoiceLevel::mixture;
    if (model.separator.threads == 0 && options.jobs > 1)
      model.separator.threads = std::max(1, cpu::usable_processors() / options.jobs);
  }
  auto state = std::make_unique<State>();
  TESSERA_TRY(state->networks, open_networks(options.models));
  const Networks& networks = state->networks;
  if (networks.size() == 2 && networks[0].voices() != networks[1].voices()) {
    return TESSERA_ERROR(kMismatch, options.models[1].path.string(),
                         fmt::format("separates {} voices, {} {}", networks[1].voices(),
                                     options.models[0].path.string(), networks[0].voices()),
                         "compare networks for the same number of voices");
  }
  state->options = std::move(options);
  return Evaluator(std::move(state));
}

int Evaluator::voices() const {
  return state_->networks[0].voices();
}

const Separator& Evaluator::separator(size_t model) const {
  return state_->networks[model];
}

Result<ItemAudio> Evaluator::listen(const EvaluatedItem& item) {
  TESSERA_TRY(ItemAudio audio,
              separate_item(item.item, reading_of(state_->options), state_->networks));
  for (size_t m = 0; m < audio.voices.size(); ++m) {
    std::vector<std::vector<float>> ordered;
    for (const SourceScore& source : item.scores[m].sources)
      ordered.push_back(std::move(audio.voices[m][static_cast<size_t>(source.estimate)]));
    audio.voices[m] = std::move(ordered);
  }
  return audio;
}

Result<Evaluation> Evaluator::run(const DataSet& data, const EvaluationProgress& progress) {
  const EvaluationOptions& options = state_->options;
  TESSERA_TRY(const std::string binding, binding_of_models(options, state_->networks));
  TESSERA_TRY_VOID(ensure_directory(options.folder));
  TESSERA_TRY(const FolderLock lock, FolderLock::take(options.folder));
  TESSERA_TRY(ScoreLog log,
              ScoreLog::open(options.folder / "scores.jsonl", binding, options.force));
  Evaluation evaluation;
  for (const DataSetItem& item : data.items) evaluation.items.push_back({item, 0, 0, {}, {}});
  Work work(options, progress, log, evaluation);
  work.prepare();
  const size_t jobs = std::min(static_cast<size_t>(options.jobs), work.pending());
  std::vector<std::jthread> threads;
  for (size_t job = 1; job < jobs; ++job) {
    threads.emplace_back([&] {
      Result<Networks> networks = open_networks(options.models);
      if (!networks) return work.stop(std::move(networks).error());
      work.run(*networks);
    });
  }
  work.run(state_->networks);
  threads.clear();
  if (work.error()) return *work.error();
  for (const EvaluatedItem& item : evaluation.items) evaluation.failed += item.error ? 1 : 0;
  add_means(evaluation, options.models.size());
  return evaluation;
}

}  // namespace tessera
