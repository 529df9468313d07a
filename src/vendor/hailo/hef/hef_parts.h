// The readers of the parts of a HEF's description: read_hef() calls them.
#pragma once

#include "vendor/hailo/hef/hef.h"
#include "vendor/hailo/wire.h"

namespace tessera {

// Of each kind in a file; HailoRT takes 1024 contexts and 40 streams.
inline constexpr size_t kMaxHefGroups = 256;
inline constexpr size_t kMaxHefCores = 64;  // of a group
inline constexpr size_t kMaxHefContexts = 4096;
inline constexpr size_t kMaxHefStreams = 4096;  // of a context
inline constexpr size_t kMaxHefNames = 4096;    // of one list
inline constexpr size_t kMaxHefFeatures = 1U << 20;

HefStream read_hef_stream(WireMessage message, DamageLog& log);
HefQuantization read_hef_quantization(WireMessage message);

// Adds the actions of an operation (ProtoHEFOperation). Weights beyond the end of their section
// are damage.
void add_hef_operation(WireMessage message, const HefHeader& header, HefConfig& config,
                       DamageLog& log);

HefHostOp read_hef_host_op(WireMessage nms_or_logits, bool nms);

HefGroup read_hef_group(WireMessage message, const HefHeader& header, DamageLog& log);

}  // namespace tessera
