// What errors that a network did not have before cost it in SI-SNR: rounding and its own errors are
// independent, so their powers add.
#pragma once

namespace tessera {

// A good separator's SI-SNR in dB: what a loss is reckoned against where no clean voices are at
// hand. The better the network, the more an error costs.
inline constexpr double kReferenceQualityDb = 15;

// Output SNR over the network as it was, in dB, that costs one of `quality_db` SI-SNR at most
// `loss_db` > 0 of it.
double snr_for_loss_db(double loss_db, double quality_db = kReferenceQualityDb);

// The inverse: 10 log10(1 + 10^((quality - snr) / 10)); 0 for an infinite SNR.
double loss_for_snr_db(double snr_db, double quality_db = kReferenceQualityDb);

}  // namespace tessera
