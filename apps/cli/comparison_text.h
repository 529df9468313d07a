// How far values lie apart, in tables and in documents: what verify, compare and bisect share.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "tessera/compiler/verify.h"

namespace tessera::cli {

// One decimal; "exact" for an infinite ratio, "none" for none of the signal left.
std::string decibels(double value);
// The name of a value, and how it was compared where not by itself.
std::string compared_name(const std::string& name, const std::string& how);

}  // namespace tessera::cli
