// What another basis of the residual stream is worth in 8 bits: a separator whose stream is written
// in bases of growing condition, the same function each time, quantised as it is and with
// choose_channel_bases(). Started by bench/channel_bases.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rewrite/linear_streams.h"
#include "support/random_basis.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/tune.h"
#include "tessera/metrics.h"
#include "tessera/session.h"

namespace tessera {
namespace {

constexpr int64_t kWindow = 8000;
using Bases = std::map<std::string, ChannelBasis>;
using Windows = std::vector<std::vector<float>>;

class Bench {
 public:
  Result<void> prepare(const char* model, const char* folder) {
    ImportOptions options;
    TESSERA_TRY(mixtures_, read_mixtures(folder, 2));
    if (mixtures_.size() < 2) return TESSERA_ERROR(kNotFound, folder, "has fewer than two", "");
    options.length_samples = static_cast<int64_t>(mixtures_[0].mix.size());
    TESSERA_TRY(model_, import_model(model, options));
    TESSERA_TRY(cpu_, make_backend("cpu"));
    TESSERA_TRY(emulator_, make_backend("emulator"));
    TESSERA_TRY(Session session, Session::create(model_.graph, *cpu_));
    for (size_t i = 0; i < mixtures_.size(); i += 2) {
      TESSERA_TRY(auto outputs, session.run({ConstValues(mixtures_[i].mix)}));
      in_float_.push_back(std::move(outputs[0]));
    }
    for (size_t i = 1; i < mixtures_.size(); i += 2) {
      const std::vector<float>& mix = mixtures_[i].mix;
      for (size_t begin = 0; begin + kWindow <= mix.size(); begin += kWindow)
        windows_.emplace_back(mix.begin() + static_cast<int64_t>(begin),
                              mix.begin() + static_cast<int64_t>(begin) + kWindow);
    }
    return {};
  }

  // Every linear stream in a basis of this condition.
  Result<void> row(double condition) {
    Bases bases;
    TESSERA_TRY(const Graph plain, legal(kWindow, {}));
    for (const LinearStream& stream : linear_streams(plain))
      bases[stream.name] = test::random_basis(stream.channels(), condition, 1);
    TESSERA_TRY(const double as_is, output_snr_db(bases));
    TESSERA_TRY(const Graph hard, legal(kWindow, bases));
    TESSERA_TRY(const auto choices, choose_channel_bases(hard, windows_, *cpu_));
    double expected = 0;
    for (const ChannelBasisChoice& choice : choices) {
      bases[choice.stream] = test::composed(bases[choice.stream], choice.basis);
      expected = std::max(expected, choice.gain_db);
    }
    TESSERA_TRY(const double changed, output_snr_db(bases));
    std::printf("%9.0f %11.1f %18.1f %21s\n", condition, as_is, changed,
                choices.empty() ? "none" : std::to_string(expected).substr(0, 4).c_str());
    std::fflush(stdout);
    return {};
  }

 private:
  Result<Graph> legal(int64_t samples, const Bases& bases) const {
    TESSERA_TRY(Graph graph, model_.network->instantiate(samples));
    RewriteOptions options;
    if (!bases.empty()) options.enable = {"change_channel_basis"};
    options.parameters.channel_bases = bases;
    TESSERA_TRY_VOID(rewrite(graph, options));
    return graph;
  }

  Result<double> output_snr_db(const Bases& bases) {
    TESSERA_TRY(const Graph window, legal(kWindow, bases));
    TESSERA_TRY(const Graph longer, legal(2 * kWindow, bases));
    TESSERA_TRY(const Graph whole, legal(model_.length_samples, bases));
    QuantizeOptions options;
    TensorStatistics statistics;
    TESSERA_TRY_VOID(calibrate(window, options, *cpu_, windows_, statistics));
    if (needs_silence_prefix(window)) {
      set_range_margin_with_silence(options);
      TESSERA_TRY_VOID(calibrate(longer, options, *cpu_, with_silence_prefix(windows_, 2 * kWindow),
                                 statistics));
    }
    TESSERA_TRY(const Encodings encodings, quantize(whole, statistics, options));
    TESSERA_TRY(Session session, Session::create(whole, *emulator_, &encodings));
    double sum = 0;
    for (size_t i = 0; i < in_float_.size(); ++i) {
      TESSERA_TRY(const auto outputs, session.run({ConstValues(mixtures_[2 * i].mix)}));
      TESSERA_TRY(const double db, snr_db(outputs[0], in_float_[i]));
      sum += db / static_cast<double>(in_float_.size());
    }
    return sum;
  }

  std::vector<Mixture> mixtures_;
  ImportedModel model_;
  std::unique_ptr<Backend> cpu_;
  std::unique_ptr<Backend> emulator_;
  std::vector<std::vector<float>> in_float_;  // of every other mixture
  Windows windows_;                           // of those between
};

Result<void> run(const char* model, const char* folder) {
  Bench bench;
  TESSERA_TRY_VOID(bench.prepare(model, folder));
  std::printf(
      "output SNR in dB of int8 over float, residual stream in bases of growing condition\n");
  std::printf("%9s %11s %18s %21s\n", "condition", "as it is", "in another basis",
              "expected gain in dB");
  for (const double condition : {1, 10, 30, 100, 300, 1000}) TESSERA_TRY_VOID(bench.row(condition));
  return {};
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_channel_bases MODEL FOLDER\n");
    return 2;
  }
  const auto done = tessera::run(argv[1], argv[2]);
  if (!done) {
    std::fprintf(stderr, "error: %s\n", done.error().to_string().c_str());
    return 1;
  }
}
