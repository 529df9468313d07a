#include "evidence/documents.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace tessera::documents {

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

namespace {

// Always there, in this order; blocks follow.
constexpr std::array kRoles = {"encoder",       "bottleneck", "source_projector", "decoder_pre",
                               "decoder_head",  "tcn0_in",    "tcn0_depth",       "tcn0_residual",
                               "tcn0_skip",     "skip_sum",   "mask_score",       "mask_output",
                               "masker_output", "masked_rep", "decoder_output",   "final_output"};

Json value_check(const ValueCheck& stage) {
  Json entry{{"name", stage.name},
             {"op", stage.op},
             {"value", stage.value},
             {"compared", stage.how.empty() ? "itself" : stage.how},
             {"where", stage.where},
             {"inner", stage.inner},
             {"roles", stage.roles},
             {"shape", {stage.shape.c, stage.shape.h, stage.shape.w}},
             {"frames", stage.shape.w},
             {"frames_expected", stage.expected_shape.w},
             {"max_abs", number(stage.difference.max_abs)},
             {"peak", stage.difference.peak},
             {"relative", number(stage.difference.relative())},
             {"snr_db", number(stage.difference.snr_db)},
             {"cosine", stage.difference.cosine},
             {"worst_frame", stage.difference.worst_at % std::max<int64_t>(1, stage.shape.w)},
             {"worst_channel",
              stage.difference.worst_at / std::max<int64_t>(1, stage.shape.w * stage.shape.h)},
             {"tolerance", stage.tolerance},
             {"passed", stage.passed}};
  return entry;
}

}  // namespace

Json of(const std::vector<NotCompared>& list) {
  Json entries = Json::array();
  for (const NotCompared& one : list)
    entries.push_back({{"name", one.name}, {"op", one.op}, {"reason", one.reason}});
  return entries;
}

Json of(const VerifyReport& report, const VerifyOptions& options) {
  Json document;
  const auto add_role = [&](const std::string& name) {
    const auto found = report.roles.find(name);
    document[name + "_max_abs"] =
        found == report.roles.end() ? Json(nullptr) : number(found->second.max_abs);
  };
  for (const char* name : kRoles) add_role(name);
  document["tol"] = options.tolerance;
  document["peak_tol"] = options.peak_tolerance;
  document["all_close"] = report.passed;
  for (int block = 1; report.roles.count(fmt::format("tcn{}_depth", block)) != 0; ++block) {
    for (const char* part : {"in", "depth", "residual", "skip"})
      add_role(fmt::format("tcn{}_{}", block, part));
  }
  document["segments"] = report.segments;
  document["pieces"] = report.pieces;
  document["chip_calls"] = report.chip_calls;
  document["stages"] = Json::array();
  for (const ValueCheck& stage : report.stages) document["stages"].push_back(value_check(stage));
  document["outputs"] = Json::array();
  for (const ValueCheck& stage : report.outputs) document["outputs"].push_back(value_check(stage));
  document["not_compared"] = {{"model", of(report.model_only)}, {"plan", of(report.plan_only)}};
  return document;
}

Json of(const BitExactReport& codes) {
  Json document;
  document["codes"] = codes.codes;
  document["codes_equal"] = codes.passed;
  document["borders"] = Json::array();
  for (const BorderCheck& border : codes.borders) {
    Json row{{"value", border.value},
             {"where", border.where},
             {"bits", border.bits},
             {"values", border.values},
             {"differing", border.differing}};
    if (!border.passed()) {
      row["piece"] = border.piece;
      row["call"] = border.call;
      row["channel"] = border.channel;
      row["frame"] = border.frame;
      row["expected"] = number(static_cast<double>(border.expected));
      row["actual"] = number(static_cast<double>(border.actual));
    }
    document["borders"].push_back(std::move(row));
  }
  return document;
}

Json of(const ValueComparison& value) {
  return {{"name", value.name},
          {"value", value.value},
          {"op", value.op},
          {"compared", value.how.empty() ? "itself" : value.how},
          {"roles", value.roles},
          {"coding", value.coding},
          {"shape", {value.shape.c, value.shape.h, value.shape.w}},
          {"snr_db", number(value.difference.snr_db)},
          {"snr_drop_db", value.snr_drop_db},
          {"cosine", value.cosine},
          {"max_abs", number(value.difference.max_abs)},
          {"peak", value.difference.peak}};
}

Json of(const BisectReport& report) {
  Json document{{"costliest", to_string(report.stages[report.costliest].stage)},
                {"stages", Json::array()},
                {"contributors", Json::array()},
                {"remaining_groups", Json::array()},
                {"snr_drops", Json::array()}};
  for (const StageCost& stage : report.stages) {
    Json row{{"stage", to_string(stage.stage)},
             {"snr_db", number(stage.snr_db)},
             {"share", stage.added}};
    row["si_snr_db"] = stage.si_snr_db ? Json(*stage.si_snr_db) : Json(nullptr);
    row["cost_db"] = stage.cost_db ? Json(*stage.cost_db) : Json(nullptr);
    document["stages"].push_back(std::move(row));
  }
  for (const Contributor& contributor : report.contributors) {
    Json row{{"name", contributor.name},
             {"kind", contributor.kind},
             {"coding", contributor.coding},
             {"only_snr_db", number(contributor.only_snr_db)},
             {"share", contributor.share},
             {"without_snr_db", number(contributor.without_snr_db)},
             {"gain_db", number(contributor.gain_db)},
             {"only_in_combination", contributor.only_in_combination}};
    row["gain_si_snr_db"] =
        contributor.gain_si_snr_db ? Json(*contributor.gain_si_snr_db) : Json(nullptr);
    row["contradiction"] =
        contributor.contradiction.empty() ? Json(nullptr) : Json(contributor.contradiction);
    document["contributors"].push_back(std::move(row));
  }
  for (const RemainingGroup& group : report.remaining_groups) {
    document["remaining_groups"].push_back({{"first", group.first},
                                            {"last", group.last},
                                            {"items", group.items},
                                            {"share", group.share}});
  }
  for (const ValueComparison& value : report.snr_drops) {
    document["snr_drops"].push_back({{"name", value.name},
                                     {"value", value.value},
                                     {"op", value.op},
                                     {"snr_db", number(value.difference.snr_db)},
                                     {"snr_drop_db", value.snr_drop_db}});
  }
  document["without_contributors_snr_db"] = number(report.without_contributors_snr_db);
  document["items"] = report.items;
  document["trials"] = report.trials;
  document["resumed"] = report.resumed;
  return document;
}

Json of(const EquivalenceReport& report) {
  Json document{{"windows", report.windows},
                {"passed", report.passed()},
                {"forms", Json::array()},
                {"checks", Json::array()}};
  for (const EquivalenceForm& form : report.forms) {
    document["forms"].push_back({{"form", form.form},
                                 {"backend", form.backend},
                                 {"cosine", number(form.cosine)},
                                 {"mse", number(form.mse)},
                                 {"max_abs", number(form.max_abs)},
                                 {"least_cosine", form.least_cosine},
                                 {"passed", form.passed}});
  }
  for (const StaticCheck& check : report.checks) {
    document["checks"].push_back({{"claim", check.claim},
                                  {"holds", check.holds},
                                  {"required", check.required},
                                  {"evidence", check.evidence}});
  }
  return document;
}

}  // namespace tessera::documents
