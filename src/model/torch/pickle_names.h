// Python names outside pickle_globals.h. One that is only mentioned is data: a class as a
// dictionary's key, the class of an object whose attributes are kept. Names of what runs code are
// refused wherever they stand.
#pragma once

#include <span>
#include <string_view>

namespace tessera {

// Whether `module`.`name` is a plain dotted name outside the modules that run code, open files or
// reach into the interpreter.
bool may_be_mentioned(std::string_view module, std::string_view name);

// Whether the name is spelled as that of a class ("Namespace", "_Config"): objects of classes are
// kept as their attributes, functions are not called.
bool spelled_as_class(std::string_view name);

// The modules whose names are refused.
std::span<const std::string_view> refused_modules();

}  // namespace tessera
