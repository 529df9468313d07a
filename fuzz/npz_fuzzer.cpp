// Any bytes as an .npz file: every array in it is read, and the ones that a network's inputs take.
#include <cstdint>
#include <string>
#include <vector>

#include "base/npz.h"
#include "graph/named_arrays.h"
#include "input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<std::string> inputs[] = {{"mix"}, {"mix", "state"}};
  const tessera::InputFile file(data, size);
  const auto archive = tessera::NpzFile::open(file.path());
  if (!archive) return 0;
  for (const std::string& name : archive->names()) (void)archive->read(name).has_value();
  for (const auto& names : inputs) (void)tessera::read_named_arrays(file.path(), names).has_value();
  return 0;
}
