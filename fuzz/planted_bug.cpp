// A harness that ends where four bytes in a row are the largest signed number.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint8_t kLargest[] = {0xff, 0xff, 0xff, 0x7f};
  if (std::search(data, data + size, std::begin(kLargest), std::end(kLargest)) != data + size)
    std::abort();
  return 0;
}
