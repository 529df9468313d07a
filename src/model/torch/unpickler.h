// Reads a pickle as data. Python's pickle is a small program that may call anything; this machine
// knows the opcodes torch.save writes (protocols 2 to 5) and builds plain values only. A name
// of pickle_globals.h makes data; any other one may be mentioned, and the attributes of an object
// of such a class are kept (pickle_names.h). Asking for more ends the reading with kUnsafe and that
// name; no code is imported, called or looked up.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/torch/pickle_globals.h"
#include "model/torch/pickle_value.h"
#include "tessera/result.h"

namespace tessera {

class Unpickler {
 public:
  // Errors: kUnsafe (forbidden name or call), kCorrupt (truncated, stack misuse), kUnsupported
  // (opcode torch.save does not write), kResourceLimit (too large, too deeply nested).
  static Result<PickleDocument> read(std::span<const uint8_t> pickle);
  // The pickle that `bytes` begin with; more may follow it.
  static Result<PickleDocument> read_first(std::span<const uint8_t> bytes);

 private:
  explicit Unpickler(std::span<const uint8_t> pickle) : bytes_(pickle) {}

  Result<PickleDocument> run();
  Result<void> step(uint8_t opcode);
  Result<void> step_constant(uint8_t opcode);
  Result<void> step_container(uint8_t opcode);
  Result<void> step_memo(uint8_t opcode);
  Result<void> step_call(uint8_t opcode);

  // Input. take() fails at the end of the pickle.
  Result<std::string_view> take(uint64_t count);
  Result<uint64_t> take_number(int width);
  Result<std::string_view> take_line();
  Result<std::string_view> take_counted(int width);

  // Stack. Values below the latest mark cannot be popped.
  Result<void> push(PickleValue value);
  Result<void> push(PickleId id);
  // Counts what calls copy: a short pickle can ask for the same long value again and again.
  Result<void> charge(uint64_t bytes);
  Result<PickleId> pop();
  Result<PickleId> top() const;
  Result<std::vector<PickleId>> pop_to_mark();
  template <typename T>
  Result<T*> top_as(std::string_view expected);
  Result<void> push_tuple_of(size_t count);
  Result<void> set_items(const std::vector<PickleId>& items);
  Result<void> append(const std::vector<PickleId>& items);

  // Names and objects, in unpickler_objects.cpp.
  Result<void> call(PickleId function, PickleId arguments, bool makes_object);
  PickleValue make_object(std::string class_name);
  Result<PickleValue> make_reconstructed(const std::vector<PickleId>& arguments);
  Result<PickleValue> make_member(const std::vector<PickleId>& arguments);
  Result<void> build(PickleId target, PickleId state);
  Result<void> add_attributes(PickleId target, PickleId state);

  // Calls, in unpickler_calls.cpp.
  Result<void> push_global(std::string_view module, std::string_view name);
  Result<PickleValue> apply(const PermittedGlobal& function,
                            const std::vector<PickleId>& arguments);
  Result<PickleValue> make_dict(const std::vector<PickleId>& arguments);
  Result<PickleValue> make_set(const std::vector<PickleId>& arguments);
  Result<PickleValue> make_tensor(const std::vector<PickleId>& arguments, bool typed);
  Result<PickleValue> make_bytes(const std::vector<PickleId>& arguments);
  Result<PickleValue> make_numpy_scalar(const std::vector<PickleId>& arguments);
  Result<PickleValue> make_default_dict(const std::vector<PickleId>& arguments);
  Result<PickleValue> make_counter(const std::vector<PickleId>& arguments);
  Result<PickleValue> make_of_type(const std::vector<PickleId>& arguments);
  Result<PickleValue> make_storage(PickleId persistent_id);
  Result<std::vector<int64_t>> integers(PickleId id) const;

  Error corrupt(std::string message) const;
  Error refuse(std::string message) const;

  // Of values made or remembered: the default Conv-TasNet takes 6 000.
  static constexpr size_t kMaxValues = 1'000'000;

  PickleValue& value(PickleId id) { return document_.values_[static_cast<size_t>(id)]; }
  template <typename T>
  const T* get_if(PickleId id) const {
    return document_.get_if<T>(id);
  }

  std::span<const uint8_t> bytes_;
  uint64_t at_ = 0;
  PickleDocument document_;
  std::vector<PickleId> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, PickleId> memo_;
  uint64_t copied_bytes_ = 0;
};

}  // namespace tessera
