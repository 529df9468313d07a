// What integers cost a separator, over a folder of two-voice mixtures NAME_mix.wav, NAME_s1.wav,
// NAME_s2.wav of one length. Two folds: every mixture is separated by a network calibrated on the
// other half's. bench/quantization drives this beside ONNX Runtime's quantiser.
//
// usage: bench_quantization MODEL FOLDER [MIXED_SNR_DB]
//
// One line per mode: mode, SI-SNRi in dB, loss against float, output SNR over float (mean, least),
// values in 16 bits of all.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/tune.h"
#include "tessera/metrics.h"
#include "tessera/session.h"

namespace tessera {
namespace {

constexpr int64_t kWindow = 8000;
constexpr size_t kPassageWindows = 4;   // as a build has them, and as many
constexpr size_t kMaxWithSilence = 32;  // windows after pauses

struct Scores {
  double improvement = 0;
  double snr = 0;
  double least_snr = std::numeric_limits<double>::infinity();
  double int16 = 0;
  double values = 0;
  std::string observers;  // of both folds
};

class Bench {
 public:
  Result<void> prepare(const char* model, const char* folder) {
    TESSERA_TRY(mixtures_, read_mixtures(folder, 2));
    if (mixtures_.size() < 2) {
      return TESSERA_ERROR(kNotFound, folder, "has fewer than two mixtures", "");
    }
    ImportOptions options;
    options.length_samples = static_cast<int64_t>(mixtures_[0].mix.size());
    TESSERA_TRY(const ImportedModel imported, import_model(model, options));
    whole_ = imported.graph;
    TESSERA_TRY(window_, imported.network->instantiate(kWindow));
    TESSERA_TRY(longer_, imported.network->instantiate(2 * kWindow));
    TESSERA_TRY(passage_, imported.network->instantiate(kPassageWindows * kWindow));
    TESSERA_TRY(cpu_, make_backend("cpu"));
    TESSERA_TRY(emulator_, make_backend("emulator"));
    TESSERA_TRY_VOID(legalize());
    TESSERA_TRY(Session session, Session::create(whole_, *cpu_));
    for (const Mixture& mixture : mixtures_) {
      TESSERA_TRY(auto outputs, session.run({ConstValues(mixture.mix)}));
      in_float_.push_back(std::move(outputs[0]));
      TESSERA_TRY(const double improvement, si_snr_improvement_db(mixture, in_float_.back()));
      float_improvement_ += improvement / static_cast<double>(mixtures_.size());
    }
    std::printf("%-28s %7.3f\n", "float", float_improvement_);
    return {};
  }

  // With `mixed_snr_db` above 0: values in 16 bits chosen for it.
  Result<void> mode(const char* name, const QuantizeOptions& options, double mixed_snr_db = 0) {
    Scores scores;
    for (size_t fold = 0; fold < 2; ++fold) {
      TESSERA_TRY(const Encodings encodings, encodings_for(fold, options, mixed_snr_db, scores));
      TESSERA_TRY(Session session, Session::create(whole_, *emulator_, &encodings));
      for (size_t i = fold; i < mixtures_.size(); i += 2) {
        TESSERA_TRY(const auto outputs, session.run({ConstValues(mixtures_[i].mix)}));
        TESSERA_TRY(const double improvement, si_snr_improvement_db(mixtures_[i], outputs[0]));
        TESSERA_TRY(const double snr, snr_db(outputs[0], in_float_[i]));
        scores.improvement += improvement;
        scores.snr += snr;
        scores.least_snr = std::min(scores.least_snr, snr);
      }
    }
    const auto count = static_cast<double>(mixtures_.size());
    std::printf("%-28s %7.3f %7.3f %7.1f %7.1f %5.0f of %-4.0f%s\n", name,
                scores.improvement / count, float_improvement_ - scores.improvement / count,
                scores.snr / count, scores.least_snr, scores.int16 / 2, scores.values / 2,
                scores.observers.c_str());
    std::fflush(stdout);
    return {};
  }

  // As a build does.
  void widen_host_floats(QuantizeOptions& options) const {
    for (const std::string& name : host_float_values(window_, options))
      options.int16_values.insert(name);
  }

 private:
  // As a build does: residual streams in other bases where 8 bits need it.
  Result<void> legalize() {
    Graph plain = window_;
    TESSERA_TRY_VOID(rewrite(plain));
    std::vector<std::vector<float>> windows;
    for (const Mixture& mixture : mixtures_) append_windows(mixture, windows);
    TESSERA_TRY(const auto choices, choose_channel_bases(plain, windows, *cpu_));
    RewriteOptions options;
    for (const ChannelBasisChoice& choice : choices) {
      options.enable = {"change_channel_basis"};
      options.parameters.channel_bases[choice.stream] = choice.basis;
      std::printf("# stream '%s' in another basis, about %.1f dB less noise\n",
                  choice.stream.c_str(), choice.gain_db);
    }
    for (Graph* graph : {&whole_, &window_, &longer_, &passage_})
      TESSERA_TRY_VOID(rewrite(*graph, options));
    return {};
  }

  static void append_windows(const Mixture& mixture, std::vector<std::vector<float>>& windows) {
    const std::vector<float>& mix = mixture.mix;
    for (size_t begin = 0; begin + kWindow <= mix.size(); begin += kWindow)
      windows.emplace_back(mix.begin() + static_cast<int64_t>(begin),
                           mix.begin() + static_cast<int64_t>(begin) + kWindow);
  }

  // As a build does: windows as they are and after pauses.
  Result<TensorStatistics> observed(std::span<const std::vector<float>> windows,
                                    size_t max_with_silence, const QuantizeOptions& options) {
    TensorStatistics statistics;
    TESSERA_TRY_VOID(calibrate(window_, options, *cpu_, windows, statistics));
    if (needs_silence_prefix(window_)) {
      TESSERA_TRY_VOID(calibrate(longer_, options, *cpu_,
                                 with_silence_prefix(windows, 2 * kWindow, max_with_silence),
                                 statistics));
    }
    return statistics;
  }

  Result<Encodings> encodings_for(size_t fold, QuantizeOptions options, double mixed_snr_db,
                                  Scores& scores) {
    std::vector<std::vector<float>> windows;
    std::vector<int64_t> recordings;
    for (size_t i = 1 - fold; i < mixtures_.size(); i += 2) {
      append_windows(mixtures_[i], windows);
      recordings.resize(windows.size(), static_cast<int64_t>(i));
    }
    // As a build does: choices are measured on recordings that no range was taken from.
    if (needs_silence_prefix(window_)) set_range_margin_with_silence(options);
    const HeldOut held_out =
        hold_out(windows, recordings, {kPassageWindows, needs_silence_prefix(window_)});
    std::vector<TensorStatistics> of_folds;
    TensorStatistics statistics;
    for (const auto& part : held_out.folds) {
      TESSERA_TRY(TensorStatistics own,
                  observed(part, kMaxWithSilence / held_out.folds.size(), options));
      statistics.merge(own);
      of_folds.push_back(std::move(own));
    }
    TESSERA_TRY(HeldOutTrial trial,
                HeldOutTrial::create(passage_, held_out, of_folds, *cpu_, *emulator_));
    if (held_out.apart() && !options.int16) {
      TESSERA_TRY(const RangeEstimatorChoice best, choose_range_estimator(trial, options));
      options.range_estimator = best.range_estimator;
    }
    if (mixed_snr_db > 0) {
      TESSERA_TRY(MixedPrecision mixed, choose_mixed_precision(trial, options, mixed_snr_db));
      options = std::move(mixed.options);
    }
    const auto values = static_cast<double>(encoded_values(whole_, options).size());
    scores.values += values;
    scores.int16 += options.int16 ? values : static_cast<double>(options.int16_values.size());
    scores.observers += ' ';
    scores.observers += to_string(options.range_estimator);
    return quantize(whole_, statistics, options);
  }

  static Result<double> si_snr_improvement_db(const Mixture& mixture,
                                              const std::vector<float>& separated) {
    const auto each = static_cast<int64_t>(mixture.mix.size());
    const std::vector<std::vector<float>> estimates{{separated.begin(), separated.begin() + each},
                                                    {separated.begin() + each, separated.end()}};
    TESSERA_TRY(const SeparationScore score,
                score_separation(estimates, mixture.sources, mixture.mix));
    return score.mean_si_snr_improvement_db.value();
  }

  std::vector<Mixture> mixtures_;
  Graph whole_;
  Graph window_;
  Graph longer_;
  Graph passage_;
  std::unique_ptr<Backend> cpu_;
  std::unique_ptr<Backend> emulator_;
  std::vector<std::vector<float>> in_float_;
  double float_improvement_ = 0;
};

Result<void> run(const char* model, const char* folder, double mixed_snr_db) {
  std::printf("%-28s %7s %7s %7s %7s %s\n", "mode", "SI-SNRi", "loss", "SNR", "least",
              "16 bits, ranges of both folds");
  Bench bench;
  TESSERA_TRY_VOID(bench.prepare(model, folder));
  QuantizeOptions options;
  TESSERA_TRY_VOID(bench.mode("int8", options));
  TESSERA_TRY_VOID(bench.mode("mixed", options, mixed_snr_db));
  options.int16 = true;
  TESSERA_TRY_VOID(bench.mode("int16", options));
  options.int16 = false;
  options.encoder_in_integers = options.masks_in_integers = true;
  TESSERA_TRY_VOID(bench.mode("8 bits, encoder to decoder", options));
  bench.widen_host_floats(options);
  TESSERA_TRY_VOID(bench.mode("int8, encoder to decoder", options));
  options = {};
  options.scale_per_channel = false;
  TESSERA_TRY_VOID(bench.mode("int8, one scale per tensor", options));
  options = {};
  options.arithmetic = IntegerArithmetic::tflite;
  TESSERA_TRY_VOID(bench.mode("tflite int8", options));
  TESSERA_TRY_VOID(bench.mode("tflite mixed", options, mixed_snr_db));
  options.int16 = true;
  return bench.mode("tflite int16", options);
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::fprintf(stderr, "usage: bench_quantization MODEL FOLDER [MIXED_SNR_DB]\n");
    return 2;
  }
  const auto done = tessera::run(argv[1], argv[2],
                                 argc == 4 ? std::atof(argv[3]) : tessera::snr_for_loss_db(0.02));
  if (!done) {
    std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str());
    return 1;
  }
}
