#include <fmt/format.h>

#include "sweep/definition.h"

namespace tessera {

std::string sweep_template(const std::string& name) {
  std::string word;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    word += plain ? c : '-';
  }
  if (word.empty()) word = "mine";
  return fmt::format(R"(# A sweep: which networks are compiled, and what makes the whole a success.
# Run it with: tessera sweep FILE.toml. docs/sweeps.md describes every entry.
name = "{0}"                      # folders of runs are named by it
summary = "pointwise convolutions of several widths, and a whole network"
stage = "{0}"                     # the first column of summary.tsv

# all:            every case is to succeed
# first-success:  cases in order, until one succeeds
# largest:        the first in order that succeeds is the answer; all are tried
# frontier:       in each series, the first case that fails, and what makes it fail
rule = "all"
goal = "hef"                      # "har": translated only, nothing is compiled
columns = ["width", "n_filters"]  # parameters that become columns of summary.tsv

# What cases leave out, where their kind of network reads it.
[defaults]
seed = 1                          # of the weights
width = 256                       # frames that go in, of networks without an encoder

# Profiles are choices of cases; the first is taken where --profile names none.
[[profile]]
name = "quick"
summary = "what takes a second"

[[profile]]
name = "full"
summary = "and the whole network"

# One case.
[[case]]
name = "plain_conv1x1_64"
network = "conv1x1"
in = 64
out = 64

# Several: each list named in "over" is run through, the last one fastest.
[[grid]]
name = "conv1x1_{{in}}_w{{width}}"
network = "conv1x1"
over = ["in", "width"]
in = [64, 256]
width = [256, 1024, 2048]

# A case of one profile alone.
[[case]]
name = "whole_network"
profiles = ["full"]
network = "conv_tasnet"
input_len = 8000
n_filters = 64
bn_chan = 32
hid_chan = 64
skip_chan = 32

# A network of one's own, or a part of it (whole, encoder, masker, decoder, block, prefix):
#
# [[case]]
# name = "my_masker"
# model = "net.pth"               # relative to this file
# part = "masker"
# length = 16000                  # samples
#
# Calibration, for compilers that ask for it and to be told early that it does not fit:
#
# calib_npz = "calibration.npz"   # key calib_data: (N, T), (N, 1, T), (N, 1, 1, T), (N, 1, T, C)
# length_policy = "pad"           # pad, repeat, crop or error
)",
                     word);
}

}  // namespace tessera
