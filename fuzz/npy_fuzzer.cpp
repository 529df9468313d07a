// Any bytes as an .npy file: what is read comes back from what is written of it, and lies over a
// network's input in every way that it is said to.
#include <cstdint>
#include <cstring>

#include "base/npy.h"
#include "graph/window_reading.h"

namespace {

using namespace tessera;

bool is_same(const NpyArray& a, const NpyArray& b) {
  return a.dims == b.dims && a.values.size() == b.values.size() &&
         (a.values.empty() ||
          std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(float)) == 0);
}

void read_windows(const NpyArray& array) {
  static const IoLayout input = plain_layout("mix", {2, 1, 8});
  for (const WindowReading& reading : readings_of(array.dims, input)) {
    (void)window_of(array.values, reading, 0).has_value();
    (void)window_of(array.values, reading, reading.windows - 1).has_value();
  }
  (void)misfit_text(array.dims, input, true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto array = parse_npy({data, size}, "fuzz");
  if (!array) return 0;
  const auto again = parse_npy(format_npy(array->dims, array->values), "again");
  TESSERA_CHECK(again.has_value(), again.error().to_string());
  TESSERA_CHECK(is_same(*array, *again), "arrays come back from their file");
  (void)check_finite(*array, "fuzz").has_value();
  read_windows(*array);
  return 0;
}
