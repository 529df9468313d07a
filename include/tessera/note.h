// Note: something a reader decided, assumed or left out that the user should be able to see. Never
// an error.
#pragma once

#include <cstdint>
#include <string>

namespace tessera {

enum class NoteSeverity : uint8_t {
  info,     // worth recording: an assumption that is nearly always right
  warning,  // the result may differ from what the user expects
};

struct Note {
  NoteSeverity severity = NoteSeverity::info;
  std::string text;
};

}  // namespace tessera
