// Recogniser: one row of the tables that say what a line of a tool's output means.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "vendor/hailo/log/families.h"

namespace tessera::hailo {

enum class Effect : uint8_t {
  fact,      // tells a number, a name or a stage
  fails,     // tells why the run fails
  suspects,  // tells why, if the run fails: a search says it on its way too
  succeeds,  // the stage finished
  harmless,  // looks like a failure and is none
  begins,    // another run begins in the same log
};

// How sure a reason is. Where a run gives several, the surest is its family.
namespace rank {
inline constexpr uint8_t kVague = 1;    // something failed
inline constexpr uint8_t kStatus = 2;   // a status that many causes share
inline constexpr uint8_t kClass = 3;    // an exception's class
inline constexpr uint8_t kTold = 4;     // a status or class with one cause
inline constexpr uint8_t kTotal = 5;    // the whole network's fate, no layer named
inline constexpr uint8_t kKernel = 6;   // one form of a layer, of several that were tried
inline constexpr uint8_t kLayer = 7;    // a layer that cannot be placed
inline constexpr uint8_t kExact = 8;    // the cause itself
inline constexpr uint8_t kStopped = 9;  // the search ended, whatever was found before
inline constexpr uint8_t kInterrupted = 10;
}  // namespace rank

struct Recogniser {
  std::string_view pattern;  // see pattern.h
  Effect effect = Effect::fact;
  std::string_view family = {};  // of a failure
  uint8_t rank = 0;              // of harmless rows: of the failures that the line may look like
  LogStage stage = LogStage::none;
  std::string_view exception = {};  // the class that the tool raises for it, though unseen
  std::string_view tool = {};
  // Layers also count for this family, should it win: several kernels fail before a layer does.
  std::string_view supports = {};
  std::string_view level = {};  // the line must have it
  std::string_view sets = {};   // a number: "contexts=1"; "inputs+" counts
};

// One table per tool.
std::span<const Recogniser> parser_recognisers();
std::span<const Recogniser> optimizer_recognisers();
std::span<const Recogniser> allocator_recognisers();
std::span<const Recogniser> runtime_recognisers();
std::span<const Recogniser> tool_recognisers();

// An exception's class: what it means where nothing surer is told.
struct ExceptionClass {
  std::string_view name;
  std::string_view family;
  uint8_t rank;
};
std::span<const ExceptionClass> exception_classes();

// A status of HailoRT.
struct RuntimeStatus {
  int32_t number;
  std::string_view name;
  std::string_view family;
  uint8_t rank;
};
const RuntimeStatus* find_status(int32_t number);
const RuntimeStatus* find_status(std::string_view name);

}  // namespace tessera::hailo
