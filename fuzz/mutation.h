// Inputs made of seeds by chance, where no coverage guides a fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace tessera {

using InputBytes = std::vector<uint8_t>;

class Mutator {
 public:
  // Seeds longer than `most_bytes` are cut. The same seeds, number and limit give the same inputs.
  Mutator(std::vector<InputBytes> seeds, uint64_t random_seed, size_t most_bytes);

  // One of the seeds, changed in a few places; at most `most_bytes` long.
  InputBytes next();

 private:
  using Change = void (Mutator::*)(InputBytes&);
  static const Change kChanges[];

  size_t below(size_t limit);  // 0 for 0
  // Some neighbouring bytes of `bytes`, few more often than many.
  std::span<const uint8_t> part_of(const InputBytes& bytes);

  void flip_bit(InputBytes& bytes);
  void set_byte(InputBytes& bytes);
  void set_integer(InputBytes& bytes);
  void add_to_integer(InputBytes& bytes);
  void set_number_in_text(InputBytes& bytes);
  void erase_part(InputBytes& bytes);
  void cut_end(InputBytes& bytes);
  void repeat_part(InputBytes& bytes);
  void copy_part_over(InputBytes& bytes);
  void insert_part_of_another(InputBytes& bytes);
  void end_as_another(InputBytes& bytes);

  std::vector<InputBytes> seeds_;
  std::mt19937_64 random_;
  size_t most_bytes_;
};

}  // namespace tessera
