#include "cli/evaluation_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "report/evaluation_page.h"
#include "tessera/audio.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;

constexpr float kLoudest = 0.99F;

class WorstMixtures {
 public:
  WorstMixtures(const fs::path& folder, Evaluator& evaluator,
                const std::vector<std::string>& models)
      : folder_(folder), evaluator_(evaluator), models_(models) {}

  Result<PageExample> write(const EvaluatedItem& item, size_t rank) {
    TESSERA_TRY(const ItemAudio audio, evaluator_.listen(item));
    PageExample example;
    example.title = item.item.name;
    for (size_t m = 0; m < models_.size(); ++m) {
      const SeparationScore& score = item.scores[m];
      example.lines.push_back(fmt::format("{}: SI-SNR {:.2f} dB ({:+.2f}), SDR {:.2f} dB ({:+.2f})",
                                          models_[m], score.mean_si_snr_db,
                                          *score.mean_si_snr_improvement_db, score.mean_sdr_db,
                                          *score.mean_sdr_improvement_db));
    }
    const auto add = [&](std::string label, const std::string& part,
                         std::span<const float> samples) -> Result<void> {
      const std::string file = fmt::format("worst/{:02}_{}.wav", rank + 1, part);
      TESSERA_TRY_VOID(write_clip(file, samples, audio.sample_rate));
      example.players.push_back({std::move(label), file});
      return {};
    };
    TESSERA_TRY_VOID(add("mixture", "mixture", audio.mixture));
    for (size_t s = 0; s < audio.sources.size(); ++s) {
      TESSERA_TRY_VOID(
          add(fmt::format("source {}", s + 1), fmt::format("source_{}", s + 1), audio.sources[s]));
      for (size_t m = 0; m < models_.size(); ++m) {
        TESSERA_TRY_VOID(
            add(models_.size() == 1 ? std::string("separated")
                                    : fmt::format("by the {} network", m == 0 ? "first" : "second"),
                fmt::format("source_{}_network_{}", s + 1, m + 1), audio.voices[m][s]));
      }
    }
    return example;
  }

 private:
  // Nothing is clipped: what is louder than full scale becomes softer.
  Result<void> write_clip(const std::string& file, std::span<const float> samples, int rate) const {
    float peak = 0;
    for (float x : samples) peak = std::max(peak, std::abs(x));
    std::vector<float> clip(samples.begin(), samples.end());
    if (peak > kLoudest) {
      for (float& x : clip) x *= kLoudest / peak;
    }
    TESSERA_TRY_VOID(write_audio(folder_ / file, clip, rate, {.force = true}));
    return {};
  }

  const fs::path& folder_;
  Evaluator& evaluator_;
  const std::vector<std::string>& models_;
};

}  // namespace

Result<void> write_evaluation_page(const fs::path& folder, Evaluator& evaluator,
                                   const Evaluation& evaluation,
                                   const std::vector<std::string>& models,
                                   const std::string& drawing) {
  TESSERA_TRY_VOID(ensure_directory(folder / "worst"));
  EvaluationPage page;
  page.title = fmt::format("{} mixtures", evaluation.means[0].si_snr.count);
  for (size_t m = 0; m < models.size(); ++m) {
    const MeanInterval& mean = evaluation.means[m].si_snr_improvement;
    page.lines.push_back(
        fmt::format("{}: SI-SNR improvement {:+.2f} dB{}", models[m], mean.mean,
                    mean.half_width ? fmt::format(" ± {:.2f}", *mean.half_width) : std::string()));
  }
  page.drawing = drawing;
  page.examples_title =
      models.size() > 1 ? "Where the second network is worst against the first" : "The worst";
  WorstMixtures worst(folder, evaluator, models);
  const std::vector<size_t> order = evaluation.worst_first();
  for (size_t i = 0; i < std::min(kWorstMixtures, order.size()); ++i) {
    TESSERA_TRY(PageExample example, worst.write(evaluation.items[order[i]], i));
    page.examples.push_back(std::move(example));
  }
  return write_file_atomically(folder / "report.html", print_page(page), {.force = true});
}

}  // namespace tessera::cli
