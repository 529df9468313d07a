#include "bisect/contributors.h"

#include <algorithm>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tessera {
namespace {

// Errors of independent roundings add up to all of the error; below this share they do not.
constexpr double kExplained = 0.5;
// What leaving out one item must take away to be worth a row.
constexpr double kRelief = 0.2;

// Some neighbours among the items, and the error they cause alone.
struct Range {
  size_t begin = 0;
  size_t end = 0;
  double error = 0;

  size_t size() const { return end - begin; }
  // The costliest is on top of the queue; of equals the earlier.
  friend bool operator<(const Range& a, const Range& b) {
    return a.error != b.error ? a.error < b.error : a.begin > b.begin;
  }
};

std::string coding_of(const QuantizedItem& item) {
  if (item.kind == QuantizedItem::Kind::weights) return "i8";
  return fmt::format("{}{}", item.encoding.is_signed ? 'i' : 'u', item.encoding.bits);
}

class ContributorSearch {
 public:
  ContributorSearch(const FakeQuantized& fake, std::span<const ConstValues> inputs, double signal,
                    const BisectOptions& options, Trials& trials, BisectReport& report)
      : fake_(fake),
        inputs_(inputs),
        signal_(signal),
        options_(options),
        trials_(trials),
        report_(report) {}

  Result<void> run() {
    TESSERA_TRY_VOID(trials_.announce("nothing quantised"));
    TESSERA_TRY(float_outputs_, fake_.run({}, inputs_));
    report_.items = static_cast<int64_t>(fake_.items().size());
    if (report_.items == 0) return {};
    TESSERA_TRY(everything_, without({}, "everything quantised"));
    TESSERA_TRY_VOID(find_individual());
    TESSERA_TRY_VOID(find_joint());
    std::set<size_t> found;
    std::string key = "without";
    for (const Range& range : found_) {
      TESSERA_TRY(Contributor contributor, describe(range));
      report_.contributors.push_back(std::move(contributor));
      found.insert(range.begin);
    }
    for (const auto& [item, text] : fake_.contradictions()) {
      if (!found.contains(item))
        report_.notes.push_back({NoteSeverity::warning, name_of(item) + ": " + text});
    }
    if (found.empty()) return {};
    for (size_t item : found) key += fmt::format(" {}", item);
    TESSERA_TRY(const Trial rest, without(found, key));
    report_.without_contributors_snr_db = ratio_db(signal_, rest.error);
    return {};
  }

 private:
  std::set<size_t> all_items() const { return items_of({0, fake_.items().size(), 0}); }
  static std::set<size_t> items_of(const Range& range) {
    std::set<size_t> items;
    for (size_t i = range.begin; i < range.end; ++i) items.insert(i);
    return items;
  }

  std::string name_of(size_t item) const {
    const QuantizedItem& one = fake_.items()[item];
    return fmt::format("{} of '{}'", to_string(one.kind), one.name);
  }

  Result<Trial> alone(const Range& range) {
    std::string key = "only " + name_of(range.begin);
    if (range.size() > 1)
      key += fmt::format(" to {} ({} of them)", name_of(range.end - 1), range.size());
    return trials_.measure(key, float_outputs_,
                           [&] { return fake_.run(items_of(range), inputs_); });
  }

  // Everything but these.
  Result<Trial> without(const std::set<size_t>& left_out, const std::string& key) {
    return trials_.measure(key, float_outputs_, [&] {
      std::set<size_t> active = all_items();
      for (size_t item : left_out) active.erase(item);
      return fake_.run(active, inputs_);
    });
  }

  // The error that goes away when these are left out.
  Result<double> relieved(const Range& range) {
    std::string key = "without " + name_of(range.begin);
    if (range.size() > 1)
      key += fmt::format(" to {} ({} of them)", name_of(range.end - 1), range.size());
    TESSERA_TRY(const Trial rest, without(items_of(range), key));
    return std::max(0.0, everything_.error - rest.error);
  }

  // Items that do most harm alone.
  Result<void> find_individual() {
    TESSERA_TRY(const auto left,
                search(options_.least_share, [&](const Range& range) -> Result<double> {
                  TESSERA_TRY(const Trial measured, alone(range));
                  return measured.error;
                }));
    for (const Range& range : found_) explained_ += range.error;
    for (const Range& range : left) {
      explained_ += range.error;
      report_.remaining_groups.push_back(
          {fake_.items()[range.begin].name, fake_.items()[range.end - 1].name,
           static_cast<int64_t>(range.size()), range.error / everything_.error});
    }
    return {};
  }

  // Where these do not explain the error: items without which it goes away. They come first, those
  // whose numbers contradict each other before all.
  Result<void> find_joint() {
    if (explained_ >= kExplained * everything_.error) return {};
    const std::vector<Range> apart = std::exchange(found_, {});
    TESSERA_TRY_VOID(search(kRelief, [&](const Range& range) { return relieved(range); }));
    std::stable_partition(found_.begin(), found_.end(), [&](const Range& range) {
      return fake_.contradictions().contains(range.begin);
    });
    for (Range& range : found_) {
      together_.insert(range.begin);
      TESSERA_TRY(const Trial measured, alone({range.begin, range.end, 0}));
      range.error = measured.error;
    }
    for (const Range& range : apart) {
      if (!together_.contains(range.begin) && found_.size() < options_.contributors)
        found_.push_back(range);
    }
    return {};
  }

  // The costliest range first, by `cost`; a single item that comes up costs more than all that is
  // left, which is returned. Fills found_.
  template <typename Cost>
  Result<std::vector<Range>> search(double least_share, const Cost& cost) {
    std::priority_queue<Range> ranges;
    ranges.push({0, fake_.items().size(), everything_.error});
    while (!ranges.empty() && found_.size() < options_.contributors) {
      const Range range = ranges.top();
      if (range.error < least_share * everything_.error || range.error == 0) break;
      ranges.pop();
      if (range.size() == 1) {
        found_.push_back(range);
        continue;
      }
      const size_t middle = range.begin + range.size() / 2;
      for (Range half : {Range{range.begin, middle, 0}, Range{middle, range.end, 0}}) {
        TESSERA_TRY(half.error, cost(half));
        ranges.push(half);
      }
    }
    std::vector<Range> left;
    for (; !ranges.empty(); ranges.pop()) left.push_back(ranges.top());
    return left;
  }

  Result<Contributor> describe(const Range& range) {
    const QuantizedItem& item = fake_.items()[range.begin];
    Contributor contributor;
    contributor.name = item.name;
    contributor.kind = to_string(item.kind);
    contributor.coding = coding_of(item);
    contributor.only_snr_db = ratio_db(signal_, range.error);
    contributor.share = range.error / everything_.error;
    contributor.only_in_combination = together_.contains(range.begin);
    TESSERA_TRY(const Trial rest, without({range.begin}, "without " + name_of(range.begin)));
    contributor.without_snr_db = ratio_db(signal_, rest.error);
    contributor.gain_db = ratio_db(everything_.error, rest.error);
    if (rest.si_snr_db && everything_.si_snr_db)
      contributor.gain_si_snr_db = *rest.si_snr_db - *everything_.si_snr_db;
    const auto wrong = fake_.contradictions().find(range.begin);
    if (wrong != fake_.contradictions().end()) contributor.contradiction = wrong->second;
    return contributor;
  }

  const FakeQuantized& fake_;
  std::span<const ConstValues> inputs_;
  double signal_;
  const BisectOptions& options_;
  Trials& trials_;
  BisectReport& report_;
  Outputs float_outputs_;  // of the plan's graph, nothing quantised
  Trial everything_;
  std::vector<Range> found_;   // single items, costliest first
  double explained_ = 0;       // error that items cause alone, added up
  std::set<size_t> together_;  // found by leaving out
};

}  // namespace

Result<void> find_contributors(const FakeQuantized& fake, std::span<const ConstValues> inputs,
                               double signal, const BisectOptions& options, Trials& trials,
                               BisectReport& report) {
  return ContributorSearch(fake, inputs, signal, options, trials, report).run();
}

}  // namespace tessera
