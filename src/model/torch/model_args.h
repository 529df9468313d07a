// ModelArgs: constructor arguments of a network, stored with the weights or given by the user.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/torch/checkpoint.h"
#include "tessera/result.h"

namespace tessera {

// "None", "true", "16", "0.5" become what they look like; anything else is text.
ArgValue parse_arg_value(std::string_view text);

class ModelArgs {
 public:
  // `given` overrides `stored`; an override that changes a value is noted.
  ModelArgs(const std::map<std::string, ArgValue>& stored,
            const std::map<std::string, std::string>& given, std::vector<Note>& notes);

  // Each marks the name as known. Nothing: not stated, or None. Errors: kInvalidArgument (given) or
  // kInvalidModel (stored) when the value has another type or lies outside [low, high].
  Result<std::optional<int64_t>> integer(const std::string& name, int64_t low, int64_t high);
  Result<std::optional<bool>> flag(const std::string& name);
  Result<std::optional<std::string>> text(const std::string& name);
  // Entries of a value "a,b,c", which may be one number, too, without white space around them.
  std::optional<std::vector<std::string>> list(const std::string& name);

  // Stated, possibly as None.
  bool states(const std::string& name) const { return values_.contains(name); }
  // Marks a name as known without using it.
  void ignore(const std::string& name) { known_.insert(name); }

  // Call after every name was asked for. Error: kInvalidArgument for a given name nobody asked for;
  // stored ones are noted as left out.
  Result<void> finish(std::vector<Note>& notes) const;

 private:
  const ArgValue* look_up(const std::string& name);
  Error wrong_value(const std::string& name, std::string_view expected) const;

  std::map<std::string, ArgValue> values_;
  std::set<std::string> given_;
  std::set<std::string> known_;
};

}  // namespace tessera
