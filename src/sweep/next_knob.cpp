#include "sweep/next_knob.h"

#include <fmt/format.h>

#include <algorithm>

#include "sweep/case_failure.h"
#include "sweep/case_network.h"
#include "sweep/seeded_builder.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

struct Knob {
  std::string_view name;
  int64_t step;
  int64_t usual;  // of networks that do not say
};

// Channels come first: of equal changes the first is taken.
constexpr Knob kKnobs[] = {
    {"n_filters", 8, 256}, {"hid_chan", 8, 256}, {"bn_chan", 8, 128},   {"skip_chan", 8, 128},
    {"in", 8, 64},         {"out", 8, 64},       {"block_chan", 8, 64}, {"input_len", 8, 16000},
    {"width", 8, 2000},    {"length", 8, 32000}, {"n_repeats", 1, 1},   {"n_blocks", 1, 1},
    {"truncate_k", 1, 0},  {"depth", 1, 0},
};

class KnobSearch {
 public:
  KnobSearch(const CaseResult& failed, const Target& target, const std::filesystem::path& folder)
      : case_(failed), target_(target), folder_(folder) {}

  NextKnob run() {
    NextKnob knob;
    knob.earlier_rule = earlier_rule(case_.parameters);
    const auto report = judge(case_.parameters);
    const Violation* broken = report ? decisive_violation(*report, Verdict::does_not_fit) : nullptr;
    if (broken == nullptr) {
      knob.text = without_rule(knob);
      return knob;
    }
    rule_ = broken->rule;
    // Values that are known to fit; where no number has one, those that are not known to fail.
    for (const Verdict allowed : {Verdict::fits, Verdict::unknown}) {
      allowed_ = allowed;
      for (const Knob& one : kKnobs) {
        if (const auto change = largest_that_holds(one)) knob.changes.push_back(*change);
      }
      if (!knob.changes.empty()) break;
    }
    std::stable_sort(knob.changes.begin(), knob.changes.end(), [](const auto& a, const auto& b) {
      return static_cast<double>(a.to) * static_cast<double>(b.from) >
             static_cast<double>(b.to) * static_cast<double>(a.from);
    });
    knob.text = describe(knob, *broken);
    return knob;
  }

  // A failure that no rule of the target explains.
  std::string without_rule(const NextKnob& knob) const {
    const std::string family = case_.failure ? case_.failure->family : "";
    if (family == "bad_inputs_shape") {
      return fmt::format("calibration of {} channels ({})", case_.input_chan,
                         case_.failure->exception_message);
    }
    if (family == "har_build")
      return fmt::format("the network itself: {}", case_.failure->exception_message);
    if (family == "timeout") return "more time for a case: SweepOptions::case_limit_s";
    if (knob.earlier_rule) {
      return fmt::format(
          "{}, by the fixed rule: the target says that it fits, so that no rule of it "
          "explains {}",
          to_string(*knob.earlier_rule), family);
    }
    return fmt::format("none that the target explains; the case failed with {}", family);
  }

 private:
  // What the target says of the network of these parameters; nothing where there is none.
  std::optional<CheckReport> judge(const Parameters& parameters) const {
    Result<Graph> network = case_network(parameters, folder_);
    if (!network) return std::nullopt;
    GraphEditor editor(*network, "import");
    RewriteOptions options;
    options.disable = {"lower_transposed_conv"};  // as a case is translated
    if (!editor.enter(GraphForm::legal) && !rewrite(*network, options)) return std::nullopt;
    return check(*network, target_);
  }

  bool holds(std::string_view name, ParameterValue value) const {
    Parameters changed = case_.parameters;
    changed.set(name, std::move(value));
    const auto report = judge(changed);
    if (!report) return false;
    return std::none_of(report->violations.begin(), report->violations.end(), [&](const auto& one) {
      return one.rule == rule_ && worse(one.verdict, allowed_) != allowed_;
    });
  }

  std::optional<KnobChange> largest_that_holds(const Knob& knob) const {
    const std::string kind_name =
        case_.parameters.has("model") ? "model" : case_.parameters.word("network", "");
    const NetworkKind* kind = find_network_kind(kind_name);
    if (kind == nullptr || !reads(*kind, knob.name)) return std::nullopt;
    const int64_t now = case_.parameters.count(knob.name, knob.usual);
    int64_t most = (now - 1) / knob.step;  // in steps
    int64_t least = most;                  // is to hold: halved until it does
    while (least > 0 && !holds(knob.name, least * knob.step)) {
      most = least - 1;
      least /= 2;
    }
    if (least < 1) return std::nullopt;
    while (least < most) {
      const int64_t middle = least + (most - least + 1) / 2;
      if (holds(knob.name, middle * knob.step)) {
        least = middle;
      } else {
        most = middle - 1;
      }
    }
    return KnobChange{std::string(knob.name), now, least * knob.step};
  }

  std::string describe(const NextKnob& knob, const Violation& broken) const {
    const CaseViolation violation = case_violation(broken);
    const std::string reason = fmt::format(
        "{} at {}: {}; {}", violation.entry,
        violation.node.empty() ? "the whole network" : violation.node, broken.reason, broken.limit);
    const std::string remedy =
        broken.remedy.empty() ? "" : fmt::format("; keeps the network: {}", broken.remedy);
    if (knob.changes.empty()) {
      const std::string form = other_form();
      return fmt::format("{} ({}){}", form.empty() ? "no single number of the description" : form,
                         reason, remedy);
    }
    std::string text = to_string(knob.changes[0]);
    if (knob.changes.size() > 1) text += fmt::format(", or {}", to_string(knob.changes[1]));
    return fmt::format("{} ({}){}", text, reason, remedy);
  }

  // Another form of a module that the rule has nothing against, exact ones first.
  std::string other_form() const {
    struct Form {
      std::string_view parameter, usual, word, exactness;
    };
    constexpr Form kForms[] = {
        {"skip", "project", "project", "exact"},
        {"decoder", "conv1x1_head", "ungrouped_blockdiag", "exact for a grouped one"},
        {"decoder", "conv1x1_head", "conv1x1_head", "not exact"},
    };
    for (const Form& one : kForms) {
      const NetworkKind* kind = find_network_kind(case_.parameters.word("network", "model"));
      const std::string now = case_.parameters.word(one.parameter, one.usual);
      if (kind == nullptr || !reads(*kind, one.parameter) || now == one.word) continue;
      if (holds(one.parameter, std::string(one.word)))
        return fmt::format("{} {} -> {}, {}", one.parameter, now, one.word, one.exactness);
    }
    return "";
  }

  const CaseResult& case_;
  const Target& target_;
  const std::filesystem::path& folder_;
  std::string rule_;
  Verdict allowed_ = Verdict::fits;
};

}  // namespace

std::string to_string(const KnobChange& change) {
  return fmt::format("{} {} -> {}", change.parameter, change.from, change.to);
}

std::optional<KnobChange> earlier_rule(const Parameters& parameters) {
  constexpr int64_t kLeastHidden = 16;
  constexpr int64_t kLeastBottleneck = 8;
  constexpr int64_t kLeastFilters = 32;
  constexpr int64_t kLong = 16000;
  if (parameters.word("network", "") != "conv_tasnet") return std::nullopt;
  const SeededSizes sizes(parameters);
  const auto less = [](const char* name, int64_t now, int64_t step, int64_t least) {
    return KnobChange{name, now, std::max(least, now - step)};
  };
  if (sizes.hidden > kLeastHidden) return less("hid_chan", sizes.hidden, 16, kLeastHidden);
  if (sizes.bottleneck > kLeastBottleneck)
    return less("bn_chan", sizes.bottleneck, 8, kLeastBottleneck);
  if (sizes.skip > kLeastBottleneck) return less("skip_chan", sizes.skip, 8, kLeastBottleneck);
  if (sizes.filters > kLeastFilters) return less("n_filters", sizes.filters, 32, kLeastFilters);
  if (sizes.blocks > 1) return less("n_blocks", sizes.blocks, 1, 1);
  if (sizes.samples >= kLong) return less("input_len", sizes.samples, kLong / 2, kLong / 2);
  return std::nullopt;
}

NextKnob next_knob(const CaseResult& failed, const Target& target,
                   const std::filesystem::path& folder) {
  // What is no fault of the network no number of it mends.
  static constexpr std::string_view kOther[] = {"bad_inputs_shape", "har_build", "timeout"};
  KnobSearch search(failed, target, folder);
  NextKnob knob = search.run();
  const bool other = failed.failure && std::find(std::begin(kOther), std::end(kOther),
                                                 failed.failure->family) != std::end(kOther);
  if (!other) return knob;
  knob.changes.clear();
  knob.text = search.without_rule(knob);
  return knob;
}

}  // namespace tessera
