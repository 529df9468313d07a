// Names from files, fit to be shown, logged and stored.
#pragma once

#include <string>

namespace tessera::onnx_import {

// Characters outside printable ASCII become '?'; longer than 300 characters is cut.
inline std::string printable(std::string name) {
  if (name.size() > 300) name = name.substr(0, 300) + "...";
  for (char& c : name) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return name;
}

}  // namespace tessera::onnx_import
