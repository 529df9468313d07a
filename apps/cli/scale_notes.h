// What is said of recordings whose voices were scaled unasked.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/separator.h"

namespace tessera::cli {

// Told when all recordings are done: each of them where they are few, all in one line where they
// are many.
class ScaleNotes {
 public:
  void add(std::string path, float peak, double factor);
  // `reason` is what stands between the peak and the factor of one, `advice` what avoids it.
  std::vector<std::string> lines(std::string_view reason, std::string_view advice) const;

 private:
  struct Scaled {
    std::string path;
    float peak = 0;  // times full scale
    double factor = 1;
  };
  std::vector<Scaled> all_;
};

class ScaledVoices {
 public:
  void add(const std::string& path, std::span<const LevelChange> changes);
  std::vector<std::string> lines() const;

 private:
  ScaleNotes to_mixture_;
  ScaleNotes below_full_scale_;
};

}  // namespace tessera::cli
