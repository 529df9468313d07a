// What a HAR says: the states of its network, weights, model scripts, and the HEF of a compiled
// one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vendor/hailo/har/har_archive.h"
#include "vendor/hailo/hef/hef.h"
#include "vendor/hailo/hn/hn.h"

namespace tessera {

// Which of its states a network's member holds, by the member's name.
enum class HarState : uint8_t { parsed, native, floats, compiled };
std::string_view to_string(HarState state);

struct HarNetwork {
  std::string member;
  HarState state = HarState::parsed;  // "net.hn" itself is the latest
  std::optional<Hn> hn;
  std::string unreadable;  // why there is none
};

struct HarArray {
  std::string name;  // "net/conv1/kernel:0"
  std::vector<int64_t> dims;
  std::string dtype;
};

struct HarWeights {
  std::string member;
  uint64_t bytes = 0;
  std::vector<HarArray> arrays;
  std::string not_listed;  // why there are none: HDF5 is not read
};

struct HarScript {
  std::string member;
  std::string text;
  bool automatic = false;  // what the compiler decided, not the user
};

struct HarCompiled {
  std::string member;
  std::optional<Hef> hef;
  std::string unreadable;
};

struct Har {
  HarState state = HarState::parsed;
  std::vector<HarNetwork> networks;
  std::vector<HarWeights> weights;
  std::vector<HarScript> scripts;
  std::vector<HarCompiled> compiled;
  std::vector<std::string> others;  // members of no kind above

  // The latest state of the network; null where none is readable.
  const Hn* network() const;
};

// Never fails: what cannot be read says why.
Har read_har(const HarArchive& archive);

}  // namespace tessera
