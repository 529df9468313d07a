#include "cli/hef_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <unordered_map>

#include "base/counted.h"
#include "cli/hef_words.h"
#include "cli/table.h"
#include "vendor/hailo/hef/cluster_capacity.h"
#include "vendor/hailo/hef/hef_checks.h"
#include "vendor/hailo/hef/hef_names.h"

namespace tessera::cli {
namespace {

constexpr size_t kMaxStreamRows = 24;
constexpr size_t kMaxDamageRows = 8;

std::string bytes_of_number(uint64_t bytes) {
  return grouped(static_cast<int64_t>(std::min<uint64_t>(bytes, INT64_MAX)));
}

class HefPrinter {
 public:
  HefPrinter(const std::string& name, const Hef& hef, Console& console)
      : name_(name), hef_(hef), console_(console) {}

  void print(const HefReportOptions& options) {
    verdict();
    facts();
    for (const HefGroup& group : hef_.groups) print_group(group);
    streams();
    if (hef_.mapping.bytes > 0) mapping();
    if (options.layers) layers();
    if (options.edges) edges();
    if (options.rules) rules();
  }

 private:
  void line(std::string_view key, const std::string& value) {
    if (!value.empty()) console_.print("{:<13}{}\n", key, printable_line(value));
  }

  void verdict() {
    const std::string_view chip = hef_chip_name(hef_.arch);
    // A file that ends before it names its chip seems to name the first.
    const bool is_told = hef_.description_whole || !hef_.sdk_version.empty();
    console_.print("{}: {} HEF of version {} for {}\n", printable(name_),
                   hef_.intact() ? "intact" : "DAMAGED", hef_.header.version,
                   !is_told       ? "a chip that it ends before"
                   : chip.empty() ? fmt::format("an unknown chip ({})", hef_arch_name(hef_.arch))
                                  : fmt::format("{} ({})", chip, hef_arch_name(hef_.arch)));
    const auto& damage = hef_.damage.listed();
    for (size_t i = 0; i < std::min(damage.size(), kMaxDamageRows); ++i) {
      line("  damage", fmt::format("byte {}: {}", damage[i].offset, damage[i].what));
    }
    const uint64_t more =
        damage.size() - std::min(damage.size(), kMaxDamageRows) + hef_.damage.unlisted();
    if (more > 0) line("  damage", fmt::format("and {} more", more));
    for (const HefObjection& objection : hef_objections(hef_)) {
      line("  HailoRT",
           fmt::format("refuses it, {} {}: {}", objection.status, objection.name, objection.why));
    }
  }

  void facts() {
    const HefHeader& header = hef_.header;
    std::string written = hef_.sdk_version.empty() ? "" : "SDK " + hef_.sdk_version;
    const std::string time = time_text(hef_.timestamp_ms);
    if (!time.empty()) written += ", " + time;
    if (!hef_.mapping.allocator.empty()) written += ", allocator " + hef_.mapping.allocator;
    line("compiled by", written);
    line("sizes",
         fmt::format("description {} bytes (mapping {}), weights {}",
                     bytes_of_number(header.description_bytes), bytes_of_number(hef_.mapping.bytes),
                     bytes_of_number(weight_bytes())));
    line("checksum", checksum_text());
    std::vector<std::string> names;
    if (hef_.extensions.empty()) names = hef_.features;
    for (const HefExtension& extension : hef_.extensions) {
      const std::string_view known = hef_extension_name(extension.index);
      names.push_back(known.empty() ? fmt::format("{} ({})", extension.index, extension.name)
                                    : std::string(known));
    }
    line("extensions", fmt::format("{}", fmt::join(names, ", ")));
    if (hef_.external_resources > 0) {
      line("external", counted(hef_.external_resources, "resource"));
    }
  }

  uint64_t weight_bytes() const {
    uint64_t bytes = hef_.header.weight_bytes;
    if (hef_.header.version > 0) return bytes;
    for (const HefGroup& group : hef_.groups) {
      for (const HefCoreOp& core : group.cores) bytes += core.weight_bytes();
    }
    return bytes;
  }

  std::string checksum_text() const {
    const HefHeader& header = hef_.header;
    if (!hef_.checksums.computed) return "";
    return fmt::format(
        "{} {}{}", to_string(header.checksum), hef_.checksums.actual,
        hef_.checksums.matches ? ", as stated" : ", and stated is another: " + header.stated);
  }

  void print_group(const HefGroup& group) {
    for (const HefCoreOp& core : group.cores) {
      std::string text =
          fmt::format("{}: {}", group.name, counted(core.contexts.size(), "context"));
      if (core.clusters) text += fmt::format(", layout of clusters {:#b}", *core.clusters);
      text += fmt::format(", {:.1f} frames/s and {:.3f} ms (the compiler's estimate)",
                          core.bottleneck_fps, 1e3 * core.latency_seconds);
      if (core.contexts.size() > 1) {
        std::vector<std::string> weights;
        for (const HefContext& context : core.contexts) {
          weights.push_back(bytes_text(static_cast<int64_t>(context.config.weight_bytes)));
        }
        text += fmt::format("; weights {} at first, then {}",
                            bytes_text(static_cast<int64_t>(core.preliminary.weight_bytes)),
                            fmt::join(weights, ", "));
      }
      line("network", text);
    }
    for (const HefHostOp& op : group.host_ops) {
      std::string settings;
      for (const auto& [key, value] : op.settings) settings += fmt::format(" {}={:g}", key, value);
      line("on the host", fmt::format("{} ({}){}", op.kind, op.name, settings));
    }
  }

  void streams() {
    Table table;
    table.add_columns({"", "stream", "H x W x C", "order", "codes", "scale"});
    table.add_column("bytes", Table::Align::right);
    size_t left_out = 0;
    for (const HefGroup& group : hef_.groups) {
      for (const HefCoreOp& core : group.cores) {
        for (const HefContext& context : core.contexts) {
          for (const HefStream& stream : context.streams) {
            if (table.rows() >= kMaxStreamRows) {
              ++left_out;
              continue;
            }
            add_stream(table, stream, core.contexts.size() > 1, context.index);
          }
        }
      }
    }
    if (table.rows() == 0) return;
    console_.print("\n{}", table.to_string());
    if (left_out > 0) console_.print("and {} more (--json: all)\n", left_out);
  }

  static void add_stream(Table& table, const HefStream& stream, bool contexts, uint32_t context) {
    std::string way = stream.to_device ? "in" : "out";
    if (stream.connection != HefConnection::boundary) {
      way += fmt::format(", {}", to_string(stream.connection));
    }
    if (contexts) way = fmt::format("{}: {}", context, way);
    std::string name = printable_line(stream.name);
    if (!stream.parts.empty()) name += fmt::format(" ({})", counted(stream.parts.size(), "part"));
    std::string order = hef_order_name(stream.format);
    if (stream.nms) order += fmt::format(", {} classes", stream.nms->classes);
    table.add_row({way, name, shape_text(stream.shape), order, code_text(stream),
                   scale_text(stream), bytes_of_number(stream.frame_bytes())});
  }

  void mapping() {
    const HefMapping& mapping = hef_.mapping;
    std::set<std::string> whole;
    for (const HefMappedLayer& layer : mapping.layers) {
      if (!layer.part_of.empty()) whole.insert(layer.part_of);
    }
    std::string text = fmt::format(
        "\n{} of {}, {}, {} checked of each", counted(mapping.layers.size(), "physical layer"),
        counted(whole.size(), "layer"), counted(mapping.edges.size(), "edge"),
        counted(rules_of(mapping).size(), "rule"));
    if (mapping.clock_hz > 0) {
      text += fmt::format(", {:.0f} MHz", static_cast<double>(mapping.clock_hz) / 1e6);
    }
    if (!mapping.caps.empty()) text += fmt::format(", caps {}", fmt::join(mapping.caps, " "));
    console_.print("{}\n{}", printable(text), clusters_table());
  }

  std::string clusters_table() const {
    const HefMapping& mapping = hef_.mapping;
    bool contexts = false;
    for (const HefClusterLoad& load : mapping.clusters) contexts |= load.context > 0;
    Table table;
    table.add_column("units used");
    for (const HefUnit unit : kClusterUnits) {
      const auto have = cluster_capacity(hef_.arch, unit);
      table.add_column(fmt::format("{}{}", to_string(unit), have ? fmt::format(" /{}", *have) : ""),
                       Table::Align::right);
    }
    table.add_column("layers", Table::Align::right);
    for (const HefClusterLoad& load : mapping.clusters) {
      if (!load.place.in_cluster()) continue;
      std::vector<std::string> row{place_text(load.place)};
      if (contexts) row[0] = fmt::format("context {}, {}", load.context, row[0]);
      for (const HefUnit unit : kClusterUnits) {
        row.push_back(fmt::format("{}", count_of(load.units, unit)));
      }
      row.push_back(fmt::format("{}", load.layers));
      table.add_row(std::move(row));
    }
    table.add_rule();
    std::vector<std::string> total{"all"};
    for (const HefUnit unit : kClusterUnits) {
      total.push_back(fmt::format("{}", count_of(mapping.units, unit)));
    }
    total.push_back(fmt::format("{}", mapping.layers.size()));
    table.add_row(std::move(total));
    return table.to_string();
  }

  void layers() {
    Table table;
    table.add_columns({"layer", "type", "of", "in", "out", "kernel", "where"});
    table.add_columns({"SC", "LCU", "APU", "aligners", "L3"}, Table::Align::right);
    for (const HefMappedLayer& layer : hef_.mapping.layers) {
      std::vector<std::string> places;
      for (const HefPlace& place : layer.places) places.push_back(place_text(place));
      table.add_row({printable_line(layer.name), hef_layer_type_name(layer.type),
                     printable_line(layer.part_of == layer.name ? "" : layer.part_of),
                     dims_text(layer.inputs), dims_text(layer.outputs), dims_text(layer.kernels),
                     fmt::format("{}", fmt::join(places, ", ")), units(layer, HefUnit::sc),
                     units(layer, HefUnit::lcu), units(layer, HefUnit::apu),
                     units(layer, HefUnit::aligner), units(layer, HefUnit::l3)});
    }
    if (table.rows() > 0) console_.print("\n{}", table.to_string());
  }

  void edges() {
    std::unordered_map<uint64_t, const std::string*> names;
    for (const HefMappedLayer& layer : hef_.mapping.layers) names.emplace(layer.id, &layer.name);
    const auto name_of = [&](uint64_t id) {
      const auto found = names.find(id);
      return found == names.end() ? fmt::format("#{}", id) : printable_line(*found->second);
    };
    Table table;
    table.add_columns({"from", "to"});
    table.add_columns({"buffers", "row bytes", "width", "features", "rows"}, Table::Align::right);
    for (const HefMappedEdge& edge : hef_.mapping.edges) {
      table.add_row({name_of(edge.source), name_of(edge.target), fmt::format("{}", edge.buffers),
                     bytes_of_number(edge.row_bytes), fmt::format("{}", edge.width),
                     fmt::format("{}", edge.features), fmt::format("{}", edge.rows)});
    }
    if (table.rows() > 0) console_.print("\n{}", table.to_string());
  }

  void rules() {
    Table table;
    table.add_column("what the compiler says where it does not hold, of a layer X");
    table.add_column("held for", Table::Align::right);
    for (const HefRule& rule : rules_of(hef_.mapping)) {
      table.add_row({printable_line(rule.text), fmt::format("{}", rule.layers)});
    }
    if (table.rows() > 0) console_.print("\n{}", table.to_string());
  }

  static std::string units(const HefMappedLayer& layer, HefUnit unit) {
    const uint64_t count = count_of(layer.units, unit);
    return count == 0 ? "" : fmt::format("{}", count);
  }

  const std::string& name_;
  const Hef& hef_;
  Console& console_;
};

}  // namespace

void print_hef(const std::string& name, const Hef& hef, const HefReportOptions& options,
               Console& console) {
  HefPrinter(name, hef, console).print(options);
}

Error damaged_file(const std::string& name, const DamageLog& damage) {
  const uint64_t places = damage.listed().size() + damage.unlisted();
  return TESSERA_ERROR(
      kCorrupt, name,
      fmt::format("is damaged at byte {}{}", damage.listed().front().offset,
                  places > 1 ? fmt::format(", and at {} more", counted(places - 1, "place"))
                             : std::string()),
      "copy or download it again, or compile it again");
}

}  // namespace tessera::cli
