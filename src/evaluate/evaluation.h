// A network, or two side by side, scored on a data set.
//
//   TESSERA_TRY(Evaluator evaluator, Evaluator::open({{{"net.tess", {}}}, "scores"}));
//   TESSERA_TRY(const DataSet data, read_data_set({.root = "test", .sources =
//   evaluator.voices()})); TESSERA_TRY(const Evaluation evaluation, evaluator.run(data));
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluate/data_set.h"
#include "evaluate/interval.h"
#include "evaluate/item_scores.h"
#include "tessera/metrics.h"
#include "tessera/result.h"
#include "tessera/separator.h"

namespace tessera {

struct EvaluatedModel {
  std::filesystem::path path;  // a model file or a package
  SeparatorOptions separator;  // its `level` is not used: all are scored at VoiceLevel::mixture
};

struct EvaluationOptions {
  std::vector<EvaluatedModel> models;  // one, or two to compare
  // For scores.jsonl, which holds every score as soon as it is made; made if it is missing. A later
  // evaluation of the same models on the same files goes on from there. One run at a time.
  std::filesystem::path folder;
  // Mixtures at the same time, each with networks of its own. SeparatorOptions::threads is of each;
  // where it is 0, the processors are shared out.
  int jobs = 1;
  bool force = false;            // replace the scores of another evaluation
  bool allow_truncated = false;  // as AudioReadOptions has it

  // Errors: kInvalidArgument; the subject is the field.
  Result<void> validate() const;
};

struct EvaluatedItem {
  DataSetItem item;
  int sample_rate = 0;  // Hz, of its files
  int64_t frames = 0;
  std::vector<SeparationScore> scores;  // by model, over the sources in the best order
  std::optional<Error> error;           // why there are none
};

// Over the items that were scored, each item the mean of its sources.
struct EvaluationMeans {
  MeanInterval si_snr;
  MeanInterval si_snr_improvement;
  MeanInterval sdr;
  MeanInterval sdr_improvement;
  MeanInterval snr;
};

struct Evaluation {
  std::vector<EvaluatedItem> items;    // in the data set's order
  std::vector<EvaluationMeans> means;  // by model
  // Of two: the second less the first, item by item.
  std::optional<EvaluationMeans> difference;
  int64_t scored = 0;   // now
  int64_t resumed = 0;  // known from an earlier run
  int64_t failed = 0;
  // What the networks warned of while scoring now, a sentence without a subject -> of how many
  // mixtures.
  std::map<std::string, int64_t> warnings;

  // Indices of the items that were scored, the smallest SI-SNR improvement of the first model
  // first. Of two: where the second is worst against the first.
  std::vector<size_t> worst_first() const;
};

// After each item, from any thread, one at a time. False stops (kCancelled).
using EvaluationProgress = std::function<bool(int64_t done, int64_t all)>;

class Evaluator {
 public:
  // Errors: those of EvaluationOptions::validate() and Separator::open(); kMismatch for two
  // networks of different numbers of voices.
  static Result<Evaluator> open(EvaluationOptions options);

  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;
  ~Evaluator();

  int voices() const;
  // Of one model.
  const Separator& separator(size_t model) const;

  // An item that cannot be scored (a file that cannot be read, files of different rates or lengths,
  // a silent source) has its error, the others are done. The same models, options and files give
  // the same scores, whether a run was interrupted or not. Errors: those of FolderLock::take() and
  // ScoreLog::open(); kCancelled; kUnavailable, kNoSpace and kIo that are not of one item's files.
  Result<Evaluation> run(const DataSet& data, const EvaluationProgress& progress = nullptr);

  // What an item that was scored sounds like, its voices in the order of the sources. Errors: those
  // of separate_item().
  Result<ItemAudio> listen(const EvaluatedItem& item);

 private:
  struct State;
  explicit Evaluator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tessera
