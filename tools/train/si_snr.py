"""Scale-invariant signal-to-noise ratio (Le Roux et al., "SDR: half-baked or well done?", 2019), means removed."""
import itertools

import torch

SILENCE = 1e-8


def si_snr_db(estimate, reference):
    """dB over the last axis; the other axes broadcast."""
    estimate = estimate - estimate.mean(-1, keepdim=True)
    reference = reference - reference.mean(-1, keepdim=True)
    scale = (estimate * reference).sum(-1, keepdim=True) / (reference.square().sum(-1, keepdim=True) + SILENCE)
    target = scale * reference
    noise = estimate - target
    return 10 * torch.log10((target.square().sum(-1) + SILENCE) / (noise.square().sum(-1) + SILENCE))


def best_order_db(estimates, references):
    """Mean SI-SNR of the best assignment of estimates to references, both [batch, sources, samples] -> [batch]."""
    pairs = si_snr_db(estimates.unsqueeze(2), references.unsqueeze(1))
    sources = references.shape[1]
    orders = [torch.stack([pairs[:, order[s], s] for s in range(sources)]).mean(0)
              for order in itertools.permutations(range(sources))]
    return torch.stack(orders).max(0).values


def improvement_db(estimates, references):
    """What a separator gained over handing out the mixture unchanged: [batch]."""
    mixture = references.sum(1, keepdim=True)
    return best_order_db(estimates, references) - si_snr_db(mixture, references).mean(1)
