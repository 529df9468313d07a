#include <utility>

#include "vendor/hailo/hef/hef_parts.h"

namespace tessera {
namespace {

// A core op, and the group that holds it in older files, have the same first seven fields.
class CoreReader {
 public:
  CoreReader(const HefHeader& header, DamageLog& log) : header_(header), log_(log) {}

  // True where `field` belongs to a core op.
  bool read(const WireField& field, HefCoreOp& core) {
    switch (field.number()) {
      case 1: read_metadata(field.message("a network's metadata"), core); return true;
      case 2: read_preliminary(field.message("the preliminary configuration"), core); return true;
      case 3: read_context(field, core); return true;
      case 4: field.append(core.sorted_outputs, kMaxHefNames); return true;
      case 6: field.append(core.networks, kMaxHefNames); return true;
      default: return false;
    }
  }

  // Partial ones lie in field 7: {1 core, 2 layout}.
  std::pair<HefCoreOp, bool> read_partial(WireMessage message) {
    HefCoreOp core;
    bool holds = false;
    while (const auto field = message.next()) {
      if (field->number() == 1) {
        WireMessage inner = field->message("a network for a part of the chip");
        while (const auto part = inner.next()) holds = read(*part, core) || holds;
      } else if (field->number() == 2) {
        WireMessage layout = field->message("a layout");
        while (const auto part = layout.next()) {
          if (part->number() == 1) part->read(core.clusters.emplace());
        }
      }
    }
    return {std::move(core), holds};
  }

 private:
  void read_metadata(WireMessage message, HefCoreOp& core) {
    while (const auto field = message.next()) {
      switch (field->number()) {
        case 1: field->read(core.name); break;
        case 3: field->read(core.transposed); break;
        case 4: field->read(core.bottleneck_fps); break;
        case 5: field->read(core.config_channels); break;
        case 6: field->read(core.latency_seconds); break;
        default: break;
      }
    }
  }

  void read_preliminary(WireMessage message, HefCoreOp& core) {
    while (const auto field = message.next()) {
      if (field->number() != 1) continue;
      add_hef_operation(field->message("an operation"), header_, core.preliminary, log_);
    }
  }

  void read_context(const WireField& field, HefCoreOp& core) {
    if (core.contexts.size() >= kMaxHefContexts) {
      if (!told_) log_.add(field.offset(), "more than 4096 contexts: the rest is left out");
      told_ = true;
      return;
    }
    HefContext& context = core.contexts.emplace_back();
    WireMessage message = field.message("a context");
    while (const auto part = message.next()) {
      switch (part->number()) {
        case 1: part->read(context.index); break;
        case 2:
          add_hef_operation(part->message("an operation"), header_, context.config, log_);
          break;
        case 3: read_context_metadata(part->message("a context's metadata"), context); break;
        default: break;
      }
    }
  }

  void read_context_metadata(WireMessage message, HefContext& context) {
    while (const auto field = message.next()) {
      if (field->number() == 1) field->read(context.name);
      if (field->number() != 2) continue;
      if (context.streams.size() >= kMaxHefStreams) {
        if (!told_) log_.add(field->offset(), "more than 4096 streams: the rest is left out");
        told_ = true;
        continue;
      }
      context.streams.push_back(read_hef_stream(field->message("a stream"), log_));
    }
  }

  const HefHeader& header_;
  DamageLog& log_;
  bool told_ = false;
};

void read_pad(WireMessage message, std::vector<std::string>& names) {
  std::string& name = names.emplace_back();
  while (const auto field = message.next()) {
    if (field->number() == 2) field->read(name);
  }
}

class GroupReader {
 public:
  GroupReader(const HefHeader& header, DamageLog& log) : core_(header, log), log_(log) {}

  HefGroup read(WireMessage message) {
    HefCoreOp legacy;
    bool has_legacy = false;
    while (const auto field = message.next()) {
      if (core_.read(*field, legacy)) {
        has_legacy = true;
      } else if (field->number() == 7) {
        add_core(core_.read_partial(field->message("a partial network group")), field->offset());
      } else if (field->number() == 8) {
        group_.net_flow = true;
        read_op(field->message("an operation of the network"));
      } else if (field->number() == 10) {
        field->read(group_.name);
      }
    }
    // Beside layouts for parts of the chip the group's own fields are a shell.
    if (has_legacy && (group_.cores.empty() || !legacy.contexts.empty())) {
      group_.cores.insert(group_.cores.begin(), std::move(legacy));
    }
    if (group_.name.empty() && !group_.cores.empty()) group_.name = group_.cores.front().name;
    return std::move(group_);
  }

 private:
  void add_core(std::pair<HefCoreOp, bool> core, uint64_t offset) {
    if (!core.second) return;
    if (group_.cores.size() >= kMaxHefCores) {
      log_.add(offset, "more than 64 layouts of a network: this one is left out");
      return;
    }
    group_.cores.push_back(std::move(core.first));
  }

  void read_core_op(WireMessage message) {
    HefCoreOp core;
    bool holds = false;
    while (const auto field = message.next()) {
      if (field->number() == 7) {
        add_core(core_.read_partial(field->message("a partial network")), field->offset());
      } else {
        holds = core_.read(*field, core) || holds;
      }
    }
    if (group_.cores.empty() || !core.contexts.empty()) add_core({std::move(core), holds}, 0);
  }

  void read_op(WireMessage message) {
    std::optional<HefHostOp> host;
    std::string name;
    std::vector<std::string> inputs, outputs;
    while (const auto field = message.next()) {
      switch (field->number()) {
        case 1: field->read(name); break;
        case 2:
          if (inputs.size() < kMaxHefNames) read_pad(field->message("a pad"), inputs);
          break;
        case 3:
          if (outputs.size() < kMaxHefNames) read_pad(field->message("a pad"), outputs);
          break;
        case 4: read_core_op(field->message("a network")); break;
        case 5: host = read_hef_host_op(field->message("an NMS"), true); break;
        case 6: host = read_hef_host_op(field->message("a logits operation"), false); break;
        default: break;
      }
    }
    if (!host || group_.host_ops.size() >= kMaxHefNames) return;
    host->name = std::move(name);
    host->inputs = std::move(inputs);
    host->outputs = std::move(outputs);
    group_.host_ops.push_back(std::move(*host));
  }

  CoreReader core_;
  DamageLog& log_;
  HefGroup group_;
};

}  // namespace

HefGroup read_hef_group(WireMessage message, const HefHeader& header, DamageLog& log) {
  return GroupReader(header, log).read(message);
}

}  // namespace tessera
