#include "evidence/fit/fit_target.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera {
namespace {

struct Known {
  Limit limit;
  std::string pass_witness, fail_witness;
};

// What is not known to be kept by a network.
struct Suspects {
  std::vector<std::string> limits;
  std::vector<std::pair<std::string, std::string>> words;
  bool explained = false;  // one is known to be broken

  size_t count() const { return limits.size() + words.size(); }
};

class Fitter {
 public:
  explicit Fitter(const Target& target) : target_(target) {
    for (const auto& [key, limit] : target.limits) known_[key] = {limit, "", ""};
    for (const auto& [key, support] : target.support) support_[key] = support;
  }

  Result<TargetFit> fit(std::span<const CompileEvidence> compiles) {
    fit_.compiles = static_cast<int64_t>(compiles.size());
    for (const CompileEvidence& one : compiles) {
      if (!one.passed) continue;
      ++fit_.passes;
      TESSERA_TRY_VOID(learn_pass(one));
    }
    for (const CompileEvidence& one : compiles) {
      if (!one.passed) TESSERA_TRY_VOID(learn_failure(one));
    }
    // Which failures are explained is asked once every end has moved.
    for (const CompileEvidence& one : compiles) {
      if (!one.passed) sort_failure(one);
    }
    collect();
    return std::move(fit_);
  }

 private:
  Error contradiction(const std::string& key, const std::string& pass,
                      const std::string& failure) const {
    return TESSERA_ERROR(
        kMismatch, key, fmt::format("{}, but {}", pass, failure),
        "one of the two is not what it is taken for: leave it out, or correct the target file");
  }

  Result<void> learn_pass(const CompileEvidence& one) {
    for (const auto& [key, number] : one.numbers) {
      const auto found = known_.find(key);
      if (found == known_.end()) continue;
      Limit& limit = found->second.limit;
      if (limit.fail && number >= *limit.fail) {
        return contradiction(
            "limits." + key, fmt::format("{} passes with {}", one.source, number),
            fmt::format("the target says that it fails from {} ({})", *limit.fail, limit.source));
      }
      if (limit.pass && number <= *limit.pass) continue;
      limit.pass = number;
      found->second.pass_witness = fmt::format("{} passes at {}", one.source, number);
    }
    for (const auto& [key, word] : one.words) {
      const auto found = support_.find(key);
      if (found == support_.end()) continue;
      const Verdict verdict = found->second.judge(word);
      if (verdict == Verdict::does_not_fit) {
        return contradiction(
            "support." + key, fmt::format("{} passes with {}", one.source, word),
            fmt::format("the target says that it is not supported ({})", found->second.source));
      }
      if (verdict == Verdict::fits) continue;
      found->second.supported.push_back(word);
      fit_.words.push_back({key, word, true, one.source + " passes"});
    }
    return {};
  }

  Suspects suspects_of(const CompileEvidence& one) const {
    Suspects suspects;
    for (const auto& [key, number] : one.numbers) {
      const auto found = known_.find(key);
      if (found == known_.end()) continue;
      const Verdict verdict = found->second.limit.judge(number);
      suspects.explained = suspects.explained || verdict == Verdict::does_not_fit;
      if (verdict == Verdict::unknown) suspects.limits.push_back(key);
    }
    for (const auto& [key, word] : one.words) {
      const auto found = support_.find(key);
      if (found == support_.end()) continue;
      const Verdict verdict = found->second.judge(word);
      suspects.explained = suspects.explained || verdict == Verdict::does_not_fit;
      if (verdict == Verdict::unknown) suspects.words.emplace_back(key, word);
    }
    return suspects;
  }

  Result<void> learn_failure(const CompileEvidence& one) {
    const Suspects suspects = suspects_of(one);
    // A smaller number than the known end may still be found beside a broken rule elsewhere: then
    // it proves nothing.
    if (suspects.explained || suspects.count() != 1) {
      return check_settled(one, suspects);
    }
    if (!suspects.words.empty()) {
      const auto& [key, word] = suspects.words.front();
      support_[key].unsupported.push_back(word);
      fit_.words.push_back({key, word, false, one.source + " fails"});
      return {};
    }
    Known& known = known_[suspects.limits.front()];
    const int64_t number = one.numbers.find(suspects.limits.front())->second;
    known.limit.fail = number;
    known.fail_witness = fmt::format("{} fails at {}", one.source, number);
    return {};
  }

  // A compile that asks about one number only, and fails where that number is known to pass,
  // contradicts what passed.
  Result<void> check_settled(const CompileEvidence& one, const Suspects& suspects) const {
    if (suspects.explained || suspects.count() > 0 || one.numbers.size() != 1 || !one.words.empty())
      return {};
    const auto& [key, number] = *one.numbers.begin();
    const auto found = known_.find(key);
    if (found == known_.end()) return {};
    const std::string pass =
        found->second.pass_witness.empty()
            ? fmt::format("the target says that it passes up to {} ({})",
                          found->second.limit.pass.value_or(0), found->second.limit.source)
            : found->second.pass_witness;
    return contradiction("limits." + key, pass, fmt::format("{} fails at {}", one.source, number));
  }

  void sort_failure(const CompileEvidence& one) {
    const Suspects suspects = suspects_of(one);
    if (suspects.explained) {
      ++fit_.explained;
      return;
    }
    if (suspects.count() == 0) {
      fit_.unexplained.push_back(one.source);
      return;
    }
    std::string list;
    for (const std::string& key : suspects.limits)
      list += fmt::format("{}limits.{} at {}", list.empty() ? "" : ", ", key,
                          one.numbers.find(key)->second);
    for (const auto& [key, word] : suspects.words)
      list += fmt::format("{}support.{} {}", list.empty() ? "" : ", ", key, word);
    fit_.ambiguous.push_back(fmt::format("{}: {}", one.source, list));
  }

  void collect() {
    for (const auto& [key, known] : known_) {
      if (known.pass_witness.empty() && known.fail_witness.empty()) continue;
      const Limit& before = target_.limit(key);
      fit_.limits.push_back({key, before.pass, known.limit.pass, before.fail, known.limit.fail,
                             known.pass_witness, known.fail_witness});
    }
  }

  const Target& target_;
  std::map<std::string, Known, std::less<>> known_;
  std::map<std::string, Support, std::less<>> support_;
  TargetFit fit_;
};

}  // namespace

Result<TargetFit> fit_target(const Target& target, std::span<const CompileEvidence> compiles) {
  return Fitter(target).fit(compiles);
}

}  // namespace tessera
