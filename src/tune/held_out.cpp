#include "tessera/compiler/tune.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/energy.h"
#include "calibrate/windows.h"
#include "tessera/session.h"

namespace tessera {
namespace {

constexpr size_t kMaxFolds = 4;
constexpr size_t kFewWindows = 8;  // of one recording: so few that each is needed to calibrate on
constexpr size_t kMaxOfRecordings = 6;
constexpr size_t kMaxAfterSilence = 2;
constexpr float kQuiet = 0.1F;  // 20 dB below

using Window = std::vector<float>;
using Indices = std::vector<size_t>;

// Windows that belong together, in order.
std::vector<Indices> groups_of(std::span<const Window> windows,
                               std::span<const int64_t> recordings) {
  std::map<int64_t, Indices> by_recording;
  for (size_t w = 0; w < windows.size(); ++w)
    by_recording[recordings.size() == windows.size() ? recordings[w] : 0].push_back(w);
  std::vector<Indices> groups;
  for (auto& [recording, indices] : by_recording) groups.push_back(std::move(indices));
  if (groups.size() > 1 || windows.size() < kFewWindows) return groups;
  std::vector<Indices> parts(kMaxFolds);
  for (size_t w = 0; w < windows.size(); ++w) parts[w * kMaxFolds / windows.size()].push_back(w);
  return parts;
}

// Without the silent ones, `length` of them from the loudest on, with silence before fewer.
Window passage_of(std::span<const Window> windows, const Indices& group, size_t length) {
  const size_t size = windows[0].size();
  size_t best = 0;
  double most = -1;
  const size_t taken = std::min(length, group.size());
  for (size_t begin = 0; begin + taken <= group.size(); ++begin) {
    double energy = 0;
    for (size_t i = 0; i < taken; ++i) energy += energy_of(windows[group[begin + i]]);
    if (energy > most) {
      most = energy;
      best = begin;
    }
  }
  Window passage((length - taken) * size, 0.0F);
  for (size_t i = 0; i < taken; ++i) {
    const Window& window = windows[group[best + i]];
    passage.insert(passage.end(), window.begin(), window.end());
  }
  return passage;
}

// Half of a loud window at the end, the recording's others before it as quiet as a pause in a room.
// Of a network of one length, a quarter of the window beside the rest of it.
Window beside_quiet(std::span<const Window> windows, const Indices& group, size_t loud,
                    size_t length) {
  Window passage;
  for (size_t i = 0; i < length; ++i) {
    const Window& window = windows[i + 1 < length ? group[i % group.size()] : loud];
    passage.insert(passage.end(), window.begin(), window.end());
  }
  for (float& x : passage) x *= kQuiet;
  const Window& window = windows[loud];
  const size_t heard = std::max(window.size() / (length > 1 ? 2 : 4), size_t{1});
  size_t best = 0;
  for (size_t begin = 0; begin + heard <= window.size(); begin += heard) {
    const auto part = [&](size_t at) { return std::span(window).subspan(at, heard); };
    if (energy_of(part(begin)) > energy_of(part(best))) best = begin;
  }
  std::copy_n(window.begin() + static_cast<std::ptrdiff_t>(best), heard,
              passage.end() - static_cast<std::ptrdiff_t>(heard));
  return passage;
}

}  // namespace

HeldOut hold_out(std::span<const Window> windows, std::span<const int64_t> recordings,
                 const PassageLength& length) {
  HeldOut held_out;
  const std::vector<Indices> groups = groups_of(windows, recordings);
  held_out.folds.resize(std::min(kMaxFolds, groups.size()));
  Indices fold_of(groups.size());
  for (size_t g = 0; g < groups.size(); ++g) {
    fold_of[g] = g % held_out.folds.size();
    for (size_t w : groups[g]) held_out.folds[fold_of[g]].push_back(windows[w]);
  }
  for (size_t g : evenly_spread(groups.size(), kMaxOfRecordings)) {
    Window passage = passage_of(windows, groups[g], length.windows);
    if (!is_silent(passage)) held_out.passages.push_back({fold_of[g], false, std::move(passage)});
  }
  if (!length.pauses) return held_out;
  const size_t pauses = std::min(kMaxAfterSilence, groups.size());
  for (size_t k = 0; k < pauses; ++k) {
    const size_t g = (2 * k + 1) * groups.size() / (2 * pauses);
    const Indices& group = groups[g];
    const size_t loudest = *std::max_element(group.begin(), group.end(), [&](size_t a, size_t b) {
      return energy_of(windows[a]) < energy_of(windows[b]);
    });
    Window passage = beside_quiet(windows, groups[g], loudest, length.windows);
    if (!is_silent(passage)) held_out.passages.push_back({fold_of[g], true, std::move(passage)});
  }
  return held_out;
}

double HeldOutQuality::lowest_db() const {
  return *std::min_element(snr_db.begin(), snr_db.end());
}

double HeldOutQuality::typical_db() const {
  std::vector<double> sorted = snr_db;
  std::sort(sorted.begin(), sorted.end());
  return sorted[(sorted.size() - 1) / 2];
}

double HeldOutQuality::mean_error_db() const {
  double sum = 0;
  for (double db : snr_db) sum += std::pow(10.0, -db / 10);
  return ratio_db(static_cast<double>(snr_db.size()), sum);
}

Result<HeldOutTrial> HeldOutTrial::create(const Graph& legal, const HeldOut& held_out,
                                          std::span<const TensorStatistics> of_folds,
                                          Backend& in_float, Backend& emulator) {
  if (held_out.passages.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "quantisation", "there is nothing to measure it on",
                         "give recordings that are long and loud enough");
  }
  HeldOutTrial trial;
  trial.legal_ = &legal;
  trial.held_out_ = &held_out;
  trial.emulator_ = &emulator;
  for (size_t fold = 0; fold < of_folds.size(); ++fold) {
    TensorStatistics& others = trial.of_others_.emplace_back();
    for (size_t other = 0; other < of_folds.size(); ++other) {
      if (other != fold || of_folds.size() == 1) others.merge(of_folds[other]);
    }
  }
  TESSERA_TRY(Session session, Session::create(legal, in_float));
  for (const Passage& passage : held_out.passages) {
    TESSERA_TRY(auto outputs, session.run(inputs_of(legal, passage.values)));
    trial.outputs_.push_back(std::move(outputs));
  }
  return trial;
}

Result<double> HeldOutTrial::snr_db(const Encodings& encodings, size_t passage) {
  TESSERA_TRY(Session session, Session::create(*legal_, *emulator_, &encodings));
  TESSERA_TRY(const auto outputs,
              session.run(inputs_of(*legal_, held_out_->passages[passage].values)));
  return ratio_db(energy_of(outputs_[passage]), error_between(outputs, outputs_[passage]));
}

Result<HeldOutQuality> HeldOutTrial::quality(const QuantizeOptions& options) {
  std::vector<Encodings> of_folds;
  for (const TensorStatistics& others : of_others_) {
    TESSERA_TRY(Encodings encodings, quantize(*legal_, others, options));
    of_folds.push_back(std::move(encodings));
  }
  HeldOutQuality quality;
  for (size_t p = 0; p < outputs_.size(); ++p) {
    TESSERA_TRY(const double db, snr_db(of_folds[held_out_->passages[p].fold], p));
    quality.snr_db.push_back(db);
  }
  return quality;
}

Result<void> HeldOutTrial::set_base_options(const QuantizeOptions& options) {
  choices_.clear();
  for (const TensorStatistics& others : of_others_) {
    TESSERA_TRY(EncodingChoices choices, EncodingChoices::create(*legal_, others, options));
    choices_.push_back(std::move(choices));
  }
  return {};
}

Result<double> HeldOutTrial::with_int16_values(const std::set<std::string>& int16_values,
                                               size_t passage) {
  return snr_db(choices_[held_out_->passages[passage].fold].with(int16_values), passage);
}

Result<HeldOutQuality> HeldOutTrial::with_int16_values(const std::set<std::string>& int16_values) {
  HeldOutQuality quality;
  for (size_t p = 0; p < outputs_.size(); ++p) {
    TESSERA_TRY(const double db, with_int16_values(int16_values, p));
    quality.snr_db.push_back(db);
  }
  return quality;
}

}  // namespace tessera
