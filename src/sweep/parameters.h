// Parameters of a sweep's cases: what a definition may say of a network and of its compile.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tessera/result.h"

namespace tessera {

using ParameterValue = std::variant<int64_t, bool, std::string>;
std::string to_string(const ParameterValue& value);  // "128", "true", "affine"

enum class ParameterKind : uint8_t { count, flag, word, text };

struct ParameterKey {
  std::string_view name;
  ParameterKind kind = ParameterKind::count;
  int64_t least = 0;  // of a count
  int64_t most = 0;
  std::string_view words;  // of a word: "affine identity"
  std::string_view meaning;
};
// In the order of the columns of cases.tsv.
std::span<const ParameterKey> parameter_keys();
// Null for a name that is none.
const ParameterKey* find_parameter(std::string_view name);

// A kind of network and the parameters that it reads.
struct NetworkKind {
  std::string_view name;
  std::string_view summary;
  std::string_view parameters;  // "in out width"
};
std::span<const NetworkKind> network_kinds();
const NetworkKind* find_network_kind(std::string_view name);
// Whether a case of this kind reads the parameter, for its network or for its compile. "model" is
// the kind of networks from files.
bool reads(const NetworkKind& kind, std::string_view parameter);

// The words of "affine identity".
std::vector<std::string_view> words_of(std::string_view list);

// Those of one case.
class Parameters {
 public:
  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  void set(std::string_view name, ParameterValue value) {
    values_.insert_or_assign(std::string(name), std::move(value));
  }
  void erase(std::string_view name) {
    if (const auto found = values_.find(name); found != values_.end()) values_.erase(found);
  }
  const ParameterValue* find(std::string_view name) const;

  // The value, or `fallback` where the case does not say. Another kind of value is a bug: the
  // definition's reader has checked it.
  int64_t count(std::string_view name, int64_t fallback) const;
  bool flag(std::string_view name, bool fallback) const;
  std::string word(std::string_view name, std::string_view fallback) const;

  const std::map<std::string, ParameterValue, std::less<>>& values() const { return values_; }
  friend bool operator==(const Parameters&, const Parameters&) = default;

 private:
  std::map<std::string, ParameterValue, std::less<>> values_;
};

}  // namespace tessera
