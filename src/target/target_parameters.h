// Parameters of a target: configurations of one chip, of which a file chooses one each.
#pragma once

#include <map>
#include <string>

#include "target/toml_fields.h"
#include "tessera/compiler/target.h"

namespace tessera::target_file {

using Parameters = std::map<std::string, TargetParameter, std::less<>>;

// The file's parameters; none where it has no such table. Errors: as parse_target().
Result<Parameters> parse_parameters(const toml::table& file, Architecture architecture,
                                    const Place& top);

// Gives units and costs the values of what the parameters choose.
void settle(Target& target);

}  // namespace tessera::target_file
