// Constructor arguments under one name: toolkits call the same number n_filters, N or enc_dim.
#pragma once

#include <span>
#include <string_view>

namespace tessera {

struct ArgumentName {
  std::string_view name;      // Asteroid's: "n_filters"
  std::string_view other;     // "N"
  std::string_view toolkits;  // who says it so
};

struct CommonArgument {
  std::string_view name;
  std::string_view values;
};
// What can be stated with --model-arg and is taken from hyperparameters that hold other things too.
std::span<const CommonArgument> common_arguments();

// Every other spelling; the names of Asteroid's are not in it.
std::span<const ArgumentName> argument_names();

// Asteroid's name for the argument; the name itself where it is no other spelling.
std::string_view common_argument_name(std::string_view name);

}  // namespace tessera
