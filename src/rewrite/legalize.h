// The one way from an imported graph to the legal one that is planned: a build takes it, and so
// does whoever wants the package's network for another length.
#pragma once

#include <map>
#include <span>
#include <string>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/result.h"

namespace tessera {

// Rules that always run, and those that calibration gave parameters for. Errors: those of rewrite;
// kUnsupported where something is left that no legal graph has.
Result<RewriteLog> legalize(Graph& graph, const RewriteParameters& parameters);

// What a plan made with `parameters` must compute: the imported network with constants in place of
// the norms that are frozen, everything else as it was. Errors: those of rewrite.
Result<Graph> approximated_network(const Graph& imported, const RewriteParameters& parameters);

// calibration/frozen_norms.json
std::string print_frozen_norms(const std::map<std::string, NormConstants>& norms);
Result<std::map<std::string, NormConstants>> parse_frozen_norms(std::span<const uint8_t> text);

// calibration/channel_bases.json
std::string print_channel_bases(const std::map<std::string, ChannelBasis>& bases);
Result<std::map<std::string, ChannelBasis>> parse_channel_bases(std::span<const uint8_t> text);

}  // namespace tessera
