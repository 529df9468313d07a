// From what a log has told to its verdict.
#include <fmt/format.h>

#include <algorithm>

#include "vendor/hailo/log/reading.h"

namespace tessera::hailo {
namespace {

using Reasons = std::map<std::string_view, Reason>;

// The surest; of equals the one told first.
Reasons::const_iterator surest(const Reasons& reasons) {
  auto best = reasons.end();
  for (auto it = reasons.begin(); it != reasons.end(); ++it) {
    if (it->second.rank == 0) continue;
    const bool better =
        best == reasons.end() || it->second.rank > best->second.rank ||
        (it->second.rank == best->second.rank && it->second.line < best->second.line);
    if (better) best = it;
  }
  return best;
}

bool holds(const std::vector<std::string>& layers, std::string_view kind) {
  return std::any_of(layers.begin(), layers.end(),
                     [&](const std::string& name) { return name.starts_with(kind); });
}

// Which part of a separation network needed the reshape.
std::string_view reshape_family(const std::vector<std::string>& layers) {
  const bool mask = holds(layers, "ew_mult");
  if (mask && holds(layers, "shortcut") && holds(layers, "concat")) return "skip_concat_maskmul";
  if (mask) return "maskmul";
  const bool chain =
      layers.size() > 1 && std::all_of(layers.begin(), layers.end(), [](const auto& name) {
        return name.starts_with("conv") || name.starts_with("dw");
      });
  return chain ? "conv_chain_layout" : "reshape_allocator";
}

std::string signature_of(const LogExplanation& told) {
  const std::string& head = told.exception_type.empty() ? told.family : told.exception_type;
  if (told.negative_exponent && !told.negative_exponent->layer.empty()) {
    return fmt::format("{}:{}", head, told.negative_exponent->layer);
  }
  if (told.family == "bad_inputs_shape") return head + ":input_shape";
  if (!told.reshape_layers.empty())
    return fmt::format("{}:reshape:{}", head, told.reshape_layers.size());
  return head;
}

std::string exception_of(const RunReading& run, std::string_view family) {
  const bool runtime = family.starts_with("runtime_");
  const bool from_status = run.status != nullptr && (runtime || run.status->family == family ||
                                                     run.exception.starts_with("HailoRT"));
  if (from_status) return std::string(run.status->name);
  if (!run.exception.empty() && !(runtime && run.exception == "HailoRTStatusException"))
    return run.exception;
  if (!run.op_exception.empty()) return run.op_exception;
  return run.implied_exception;
}

}  // namespace

std::string_view to_string(LogOutcome outcome) {
  switch (outcome) {
    case LogOutcome::ok: return "ok";
    case LogOutcome::fail: return "fail";
    case LogOutcome::info: return "info";
  }
  return "";
}

std::string_view LogExplanation::number(std::string_view key) const {
  for (const auto& [name, value] : numbers) {
    if (name == key) return value;
  }
  return {};
}

std::string next_step_of(const LogExplanation& told) {
  const Family* family = find_family(told.family);
  if (family == nullptr) return "";
  std::string step(family->next_step);
  constexpr std::string_view kPlace = "LAYER";
  const size_t at = told.layers.empty() ? std::string::npos : step.find(kPlace);
  if (at != std::string::npos) step.replace(at, kPlace.size(), told.layers.front());
  return step;
}

void conclude_run(const RunReading& run, LogExplanation& told) {
  const auto best = surest(run.reasons);
  const bool fails = run.confirmed && best != run.reasons.end() &&
                     !(run.succeeded && best->second.rank == rank::kVague);
  told.stage = run.stage;
  if (!fails) {
    told.outcome = LogOutcome::ok;
    told.family = run.succeeded ? "ok" : "info";
    return;
  }
  const Reason& reason = best->second;
  told.outcome = LogOutcome::fail;
  told.family = best->first;
  const Family* family = find_family(told.family);
  if (reason.stage != LogStage::none)
    told.stage = reason.stage;
  else if (told.stage == LogStage::none && family != nullptr)
    told.stage = family->stage;
  told.layers = reason.layers;
  told.reshape_layers = run.reshape_layers;
  if (told.family == "reshape_allocator") told.family = reshape_family(run.reshape_layers);
  if (told.family == "quantization_negative_exponent")
    told.negative_exponent = run.negative_exponent;
  told.exception_type = exception_of(run, told.family);
  told.failure_head = reason.message;
  const bool own_words = !run.exception_message.empty() && reason.rank <= rank::kTold;
  told.exception_message = own_words ? run.exception_message : reason.message;
  told.signature = signature_of(told);
}

LogExplanation LogReading::conclude() {
  conclude_run(run_.is_decided() ? run_ : previous_.is_decided() ? previous_ : run_, told_);
  if (told_.stage == LogStage::none && told_.outcome != LogOutcome::fail)
    told_.stage = LogStage::info;
  if (!dfc_version_.empty())
    told_.version = "DFC " + dfc_version_;
  else if (!hailort_version_.empty())
    told_.version = hailort_version_;
  for (const std::string_view key : {"library", "firmware", "driver"}) {
    if (told_.version.empty()) told_.version = told_.number(key);
  }
  // Without their rows, headlines say nothing.
  auto& tables = told_.utilization;
  tables.erase(
      std::remove_if(tables.begin(), tables.end(), [](const auto& t) { return t.rows.empty(); }),
      tables.end());
  if (tables.size() == 1 && tables[0].rows.back().name == "Total") {
    const UtilizationTable::Row& total = tables[0].rows.back();
    const auto number = [](const std::string& share) {
      return share.ends_with(".0") ? share.substr(0, share.size() - 2) : share;
    };
    set_number("total_control", number(total.control));
    set_number("total_compute", number(total.compute));
    set_number("total_memory", number(total.memory));
  }
  return std::move(told_);
}

struct LogExplainer::State {
  LogReading reading;
  LogLines lines{[this](const LogLine& line) { reading.read(line); }};
};

LogExplainer::LogExplainer() : state_(std::make_unique<State>()) {}
LogExplainer::~LogExplainer() = default;
LogExplainer::LogExplainer(LogExplainer&&) noexcept = default;
LogExplainer& LogExplainer::operator=(LogExplainer&&) noexcept = default;

void LogExplainer::feed(std::string_view bytes) {
  state_->lines.feed(bytes);
}

LogExplanation LogExplainer::finish() {
  state_->lines.finish();
  return state_->reading.conclude();
}

LogExplanation explain_log(std::string_view text) {
  LogExplainer explainer;
  explainer.feed(text);
  return explainer.finish();
}

}  // namespace tessera::hailo
