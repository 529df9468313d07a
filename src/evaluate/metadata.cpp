#include "evaluate/metadata.h"

#include <charconv>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/csv.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "mixture_ID";
constexpr std::string_view kMixture = "mixture_path";
constexpr std::string_view kNoise = "noise_path";
constexpr std::string_view kLength = "length";

std::string source_column(int source) {
  return fmt::format("source_{}_path", source);
}

Error unsafe_path(const std::string& text) {
  return TESSERA_ERROR(kUnsafe, text, "leaves the root", "name files below the root");
}

// Below the root without a step up. Tables made elsewhere have absolute paths: of these the last
// folder and the name count.
Result<fs::path> path_below(const std::string& text, const fs::path& root, bool& moved) {
  if (text.empty() || text.find('\0') != std::string::npos) {
    return TESSERA_ERROR(kCorrupt, text.empty() ? "a path" : text, "is no name of a file",
                         "mend the table");
  }
  fs::path path(text);
  const fs::path absolute_root = fs::absolute(root).lexically_normal();
  for (const fs::path& part : path) {
    if (part == "..") return unsafe_path(text);
  }
  if (!path.is_absolute()) return root / path.lexically_normal();
  const fs::path relative = path.lexically_normal().lexically_relative(absolute_root);
  if (!relative.empty() && *relative.begin() != "..") return path;
  moved = true;
  return root / path.parent_path().filename() / path.filename();
}

class MetadataReader {
 public:
  MetadataReader(const fs::path& path, const fs::path& root, int sources)
      : path_(path), root_(root), sources_(sources) {}

  Result<DataSet> read() {
    TESSERA_TRY(table_, read_csv(path_));
    TESSERA_TRY_VOID(check_columns());
    for (size_t i = 0; i < table_.rows.size(); ++i) TESSERA_TRY_VOID(add_row(i));
    if (moved_ > 0) {
      data_.notes.push_back(
          {NoteSeverity::info,
           fmt::format("{}: {} of its paths are not below {}: found there by folder and name",
                       path_.string(), moved_, root_.string())});
    }
    return std::move(data_);
  }

 private:
  Error table_error(std::string message, std::string hint) const {
    return TESSERA_ERROR(kCorrupt, path_.string(), std::move(message), std::move(hint));
  }

  Result<void> check_columns() {
    std::vector<std::string> missing;
    std::set<std::string> known{std::string(kName), std::string(kMixture), std::string(kNoise),
                                std::string(kLength)};
    if (table_.column(std::string(kMixture)) < 0) missing.emplace_back(kMixture);
    for (int s = 1; s <= sources_; ++s) {
      known.insert(source_column(s));
      if (table_.column(source_column(s)) < 0) missing.push_back(source_column(s));
    }
    if (!missing.empty()) {
      return table_error(fmt::format("has no column {}, but {}", fmt::join(missing, ", "),
                                     fmt::join(table_.columns, ", ")),
                         fmt::format("a network of {} sources needs {} and one for each source",
                                     sources_, kMixture));
    }
    if (table_.column(source_column(sources_ + 1)) >= 0) {
      return TESSERA_ERROR(
          kMismatch, path_.string(),
          fmt::format("has {}, the network {} sources", source_column(sources_ + 1), sources_),
          "give a network for as many sources, or another table");
    }
    std::vector<std::string> unread;
    for (const std::string& name : table_.columns) {
      if (!known.contains(name)) unread.push_back(fmt::format("'{}'", name));
    }
    if (!unread.empty()) {
      data_.notes.push_back({NoteSeverity::info, fmt::format("{}: not read: {}", path_.string(),
                                                             fmt::join(unread, ", "))});
    }
    return {};
  }

  const std::string* field(size_t row, const std::string& name) const {
    const int column = table_.column(name);
    return column < 0 ? nullptr : &table_.rows[row][static_cast<size_t>(column)];
  }

  Result<void> add_row(size_t row) {
    DataSetItem item;
    const std::string& mixture = *field(row, std::string(kMixture));
    const std::string* name = field(row, std::string(kName));
    item.name = name != nullptr && !name->empty() ? *name : fs::path(mixture).stem().string();
    const auto [before, is_new] = rows_by_name_.emplace(item.name, row + 2);
    if (!is_new) {
      return table_error(
          fmt::format("rows {} and {} are both named '{}'", before->second, row + 2, item.name),
          "give every mixture a name of its own");
    }
    if (Result<void> read = read_row(row, mixture, item); !read) {
      item.error = std::move(read).error();
      item.error->subject =
          fmt::format("{}: row {}: {}", path_.string(), row + 2, item.error->subject);
    }
    data_.items.push_back(std::move(item));
    return {};
  }

  Result<void> read_row(size_t row, const std::string& mixture, DataSetItem& item) {
    TESSERA_TRY(item.mixture, below_root(mixture));
    for (int s = 1; s <= sources_; ++s) {
      TESSERA_TRY(fs::path source, below_root(*field(row, source_column(s))));
      item.sources.push_back(std::move(source));
    }
    const std::string* length = field(row, std::string(kLength));
    if (length == nullptr || length->empty()) return {};
    int64_t frames = 0;
    const auto [end, code] =
        std::from_chars(length->data(), length->data() + length->size(), frames);
    if (code != std::errc() || frames < 1 ||
        std::string_view(end, static_cast<size_t>(length->data() + length->size() - end))
                .find_first_not_of(".0") != std::string_view::npos) {
      return TESSERA_ERROR(kCorrupt, *length, "is no number of frames", "mend the table");
    }
    item.frames = frames;
    return {};
  }

  Result<fs::path> below_root(const std::string& text) {
    bool moved = false;
    TESSERA_TRY(fs::path path, path_below(text, root_, moved));
    moved_ += moved ? 1 : 0;
    return path;
  }

  const fs::path& path_;
  const fs::path& root_;
  int sources_;
  CsvTable table_;
  DataSet data_;
  std::map<std::string, size_t> rows_by_name_;
  int64_t moved_ = 0;
};

}  // namespace

Result<DataSet> read_metadata(const fs::path& table, const fs::path& root, int sources) {
  return MetadataReader(table, root, sources).read();
}

}  // namespace tessera
