// Data sets of mixtures whose sources are known, as they lie on a disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

// How the recordings lie below the root:
//   libri    LibriMix: wham's folders, and where it is there the table
//            ../metadata/mixture_<root's name>_<mixture folder>.csv
//   wham     WHAM!, wsj0-2mix: mix_clean, mix_both, mix_single or mix, beside them s1, s2, ...,
//   each
//            with a recording of the mixture's name
//   folders  mix, s1, s2, ... as above, or NAME_mix.wav, NAME_s1.wav, NAME_s2.wav, ... in the root
enum class DataSetLayout : uint8_t { automatic, libri, wham, folders };
std::string_view to_string(DataSetLayout layout);

// Of LibriMix and WHAM!: the sources alone, with noise, or the first source with noise. automatic:
// the first of these that is there, which is noted where there are several.
enum class MixtureKind : uint8_t { automatic, clean, both, single };

struct DataSetOptions {
  std::filesystem::path root = {};
  DataSetLayout layout = DataSetLayout::automatic;
  // A table with columns mixture_path, source_1_path, source_2_path, ... and, where they are there,
  // mixture_ID and length in frames. Others are not read. Empty: found by the layout.
  std::filesystem::path metadata = {};
  MixtureKind mixture = MixtureKind::automatic;
  int sources = 2;  // that the network separates
};

struct DataSetItem {
  std::string name;  // unique
  std::filesystem::path mixture;
  std::vector<std::filesystem::path> sources;
  std::optional<int64_t> frames;  // that the metadata tells
  // Why the files cannot be scored; those above are then what is known of them.
  std::optional<Error> error;
};

struct DataSet {
  std::string layout;              // what it was read as
  std::vector<DataSetItem> items;  // by name of the mixture, or in the table's order
  std::vector<Note> notes;         // what was chosen or left aside
};

// What is wrong with one item (a source that is missing, a path that leaves the root) stands in
// that item. Errors: kNotFound where the root holds no mixture of the layout; kMismatch where it
// has sources for another number of voices; those of read_csv(); kCorrupt for a table without the
// columns, or with a name twice.
Result<DataSet> read_data_set(const DataSetOptions& options);

}  // namespace tessera
