#include "evaluate/evaluation.h"

#include <algorithm>

#include "evidence/documents.h"

namespace tessera::documents {
namespace {

constexpr size_t kWorst = 10;

Json mean_of(const MeanInterval& mean) {
  Json json{{"count", mean.count}, {"mean", number(mean.mean)}};
  json["half_width_95"] = mean.half_width ? Json(*mean.half_width) : Json();
  return json;
}

Json means_of(const EvaluationMeans& means) {
  return {{"si_snr_db", mean_of(means.si_snr)},
          {"si_snr_improvement_db", mean_of(means.si_snr_improvement)},
          {"sdr_db", mean_of(means.sdr)},
          {"sdr_improvement_db", mean_of(means.sdr_improvement)},
          {"snr_db", mean_of(means.snr)}};
}

Json files_of(const DataSetItem& item) {
  Json sources = Json::array();
  for (const std::filesystem::path& source : item.sources) sources.push_back(source.string());
  return {{"name", item.name}, {"mixture", item.mixture.string()}, {"references", sources}};
}

Json scored_item(const EvaluatedItem& item) {
  Json json = files_of(item.item);
  json["sample_rate"] = item.sample_rate;
  json["frames"] = item.frames;
  json["models"] = Json::array();
  for (const SeparationScore& score : item.scores) json["models"].push_back(of(score));
  return json;
}

Json failed_item(const EvaluatedItem& item) {
  Json json = files_of(item.item);
  json["code"] = to_string(item.error->code);
  json["subject"] = item.error->subject;
  json["message"] = item.error->message;
  json["hint"] = item.error->hint;
  return json;
}

}  // namespace

Json of(const Evaluation& evaluation) {
  Json json{{"means", Json::array()}};
  for (const EvaluationMeans& means : evaluation.means) json["means"].push_back(means_of(means));
  if (evaluation.difference) json["difference"] = means_of(*evaluation.difference);
  json["worst"] = Json::array();
  const std::vector<size_t> worst = evaluation.worst_first();
  for (size_t i = 0; i < std::min(kWorst, worst.size()); ++i)
    json["worst"].push_back(evaluation.items[worst[i]].item.name);
  json["items"] = Json::array();
  json["failed"] = Json::array();
  for (const EvaluatedItem& item : evaluation.items) {
    if (item.error) {
      json["failed"].push_back(failed_item(item));
    } else {
      json["items"].push_back(scored_item(item));
    }
  }
  return json;
}

}  // namespace tessera::documents
