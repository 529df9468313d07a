#include "report/colour_scale.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tessera {
namespace {

// Every sixteenth of the map, which its authors gave to the public domain (CC0).
constexpr std::array<Colour, 17> kMagma = {{{0, 0, 4},
                                            {10, 8, 34},
                                            {29, 17, 71},
                                            {54, 16, 107},
                                            {81, 18, 124},
                                            {106, 28, 129},
                                            {131, 38, 129},
                                            {156, 46, 127},
                                            {183, 55, 121},
                                            {208, 65, 111},
                                            {231, 82, 99},
                                            {245, 107, 92},
                                            {252, 137, 97},
                                            {254, 167, 114},
                                            {254, 196, 136},
                                            {253, 226, 163},
                                            {252, 253, 191}}};

uint8_t between(uint8_t a, uint8_t b, double part) {
  return static_cast<uint8_t>(std::lround(a + (b - a) * part));
}

}  // namespace

Colour magma(double position) {
  const double scaled = std::clamp(position, 0.0, 1.0) * (kMagma.size() - 1);
  const size_t index = std::min(static_cast<size_t>(scaled), kMagma.size() - 2);
  const double part = scaled - static_cast<double>(index);
  const Colour a = kMagma[index];
  const Colour b = kMagma[index + 1];
  return {between(a.red, b.red, part), between(a.green, b.green, part),
          between(a.blue, b.blue, part)};
}

}  // namespace tessera
