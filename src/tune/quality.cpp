#include "tessera/compiler/tune.h"

#include <cmath>

namespace tessera {

double snr_for_loss_db(double loss_db, double quality_db) {
  return quality_db - 10 * std::log10(std::pow(10.0, loss_db / 10) - 1);
}

double loss_for_snr_db(double snr_db, double quality_db) {
  return 10 * std::log1p(std::pow(10.0, (quality_db - snr_db) / 10)) / std::log(10.0);
}

}  // namespace tessera
