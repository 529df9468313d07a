// Families of what a vendor's tools report: a table of names, meanings and next steps. The names
// are those of recorded compiles, so that logs and records speak of the same families.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tessera::hailo {

enum class LogStage : uint8_t { none, parse, optimize, compile, run, info };
std::string_view to_string(LogStage stage);  // "" for none

struct Family {
  std::string_view name;
  LogStage stage;  // in which it is usual; none: in several
  std::string_view meaning;
  std::string_view next_step;
};

// In the order of the stages.
std::span<const Family> families();
// nullptr for a name that is none.
const Family* find_family(std::string_view name);

// The table of docs/vendor_logs.md.
std::string families_markdown();

}  // namespace tessera::hailo
