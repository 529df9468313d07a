#include "sweep/case_failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tessera {
namespace {

struct RuleFamily {
  std::string_view rule;
  std::string_view family;
};

// Rules that are not here ask for operations and forms: a parser's question.
constexpr RuleFamily kFamilies[] = {
    {"row_width", "allocator_infeasible"},
    {"cluster_memory", "memory_units"},
    {"memory", "memory_units"},
    {"context_count", "no_partition"},
    {"input_ports", "resources"},
    {"output_ports", "resources"},
    {"batch_of_one", "unsupported_dimensions"},
    {"tensor_rank", "unsupported_dimensions"},
    {"axis_size", "unsupported_dimensions"},
    {"conv_channels", "unsupported_dimensions"},
    {"conv_kernel", "unsupported_kernel"},
    {"conv_stride", "unsupported_kernel"},
    {"conv_dilation", "unsupported_kernel"},
    {"transposed_conv_kind", "unsupported_kernel"},
    {"transposed_conv_kernel", "unsupported_kernel"},
    {"transposed_conv_stride", "unsupported_kernel"},
    {"pool_kernel", "unsupported_kernel"},
};
constexpr std::string_view kOperationFamily = "parser_unsupported";

// Smaller: refused earlier.
int rank_of(const Violation& violation) {
  const std::string family = family_of(violation);
  if (family == kOperationFamily || family.starts_with("unsupported_")) return 0;
  return family == "allocator_infeasible" ? 1 : 2;
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return text;
}

std::string sentence_of(const Violation& one) {
  return one_line(fmt::format("{}{}; {}", one.node == kNoNode ? "" : one.node_name + ": ",
                              one.reason, one.limit));
}

// The product of masks with a concatenation of sources: a form that compilers failed to lay out.
bool joins_before_mask(const CheckReport& report) {
  const auto breaks_row = [&](std::string_view op) {
    return std::any_of(report.violations.begin(), report.violations.end(), [&](const auto& one) {
      return one.verdict == Verdict::does_not_fit && one.rule == "row_width" && one.op == op;
    });
  };
  return breaks_row("concat") && breaks_row("mul");
}

}  // namespace

const Violation* decisive_violation(const CheckReport& report, Verdict verdict) {
  const Violation* best = nullptr;
  for (const Violation& one : report.violations) {
    if (one.verdict != verdict) continue;
    const bool earlier = best == nullptr || rank_of(one) < rank_of(*best);
    const bool both_rows = best != nullptr && one.rule == "row_width" && best->rule == "row_width";
    const bool wider = both_rows && one.number > best->number;
    // Of a row that enters the network, the layer that reads it.
    const bool reads_it = both_rows && one.number == best->number && best->op == "input";
    if (earlier || wider || reads_it) best = &one;
  }
  return best;
}

CaseViolation case_violation(const Violation& violation) {
  CaseViolation made;
  made.rule = violation.rule;
  for (const Constraint& one : constraints()) {
    if (one.id == violation.rule)
      made.entry = fmt::format("{}.{}", to_string(one.section), one.key);
  }
  made.node = violation.node == kNoNode ? "" : violation.node_name;
  made.verdict = to_string(violation.verdict);
  made.number = violation.number;
  made.limit = violation.limit;
  made.reason = violation.reason;
  made.remedy = violation.remedy;
  return made;
}

std::string family_of(const Violation& violation) {
  if (violation.rule == "transposed_conv_kind" &&
      violation.value.find("grouped") != std::string::npos)
    return "unsupported_grouped_deconv";
  for (const RuleFamily& one : kFamilies) {
    if (one.rule == violation.rule) return std::string(one.family);
  }
  return std::string(kOperationFamily);
}

CaseFailure failure_of(const CheckReport& report) {
  CaseFailure failure;
  failure.exception_type = "DoesNotFit";
  const Violation* first = decisive_violation(report, Verdict::does_not_fit);
  TESSERA_CHECK(first != nullptr, "a network that does not fit breaks a rule");
  failure.exception_message = sentence_of(*first);
  failure.family = family_of(*first);
  if (failure.family == "allocator_infeasible" && joins_before_mask(report))
    failure.family = "skip_concat_maskmul";
  failure.layer = first->node == kNoNode ? "" : first->node_name;
  failure.signature = failure.layer.empty()
                          ? failure.exception_type
                          : fmt::format("{}:{}", failure.exception_type, failure.layer);
  return failure;
}

std::string open_question(const CheckReport& report) {
  const Violation* first = decisive_violation(report, Verdict::unknown);
  return first == nullptr ? "" : sentence_of(*first);
}

CaseFailure other_failure(const Error& error, const std::string& exception_type,
                          const std::string& family) {
  CaseFailure failure;
  failure.exception_type = exception_type;
  failure.exception_message = one_line(error.to_string());
  failure.signature = exception_type;
  failure.family = family;
  return failure;
}

CaseFailure import_failure(const Error& error) {
  return other_failure(error, "ImportFailed", "har_build");
}

CaseFailure calibration_failure(const Error& error) {
  CaseFailure failure = other_failure(error, "BadInputsShape", "bad_inputs_shape");
  failure.signature = "BadInputsShape:input_shape";
  return failure;
}

CaseFailure timeout_failure(double limit_s) {
  CaseFailure failure;
  failure.exception_type = "CaseTimeout";
  failure.exception_message = fmt::format("stopped after {:g} s, the limit of a case", limit_s);
  failure.signature = failure.exception_type;
  failure.family = "timeout";
  return failure;
}

}  // namespace tessera
