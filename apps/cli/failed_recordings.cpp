#include "cli/failed_recordings.h"

#include <fmt/format.h>

#include "base/counted.h"
#include "cli/option_names.h"
#include "cli/table.h"

namespace tessera::cli {

void FailedRecordings::add(const std::string& input, Error error, Console& console) {
  console.warning(fmt::format("{}: {}", input, error.message));
  failed_.push_back({input, in_flags(std::move(error))});
}

std::string FailedRecordings::table() const {
  Table table;
  table.add_columns({"not separated", "why", "next"});
  for (const Failed& failed : failed_) {
    table.add_row({failed.input, failed.error.message, failed.error.hint});
  }
  return table.to_string();
}

Document FailedRecordings::document() const {
  Document list = Document::array();
  for (const Failed& failed : failed_) {
    list.push_back({{"input", failed.input},
                    {"code", to_string(failed.error.code)},
                    {"message", failed.error.message},
                    {"hint", failed.error.hint}});
  }
  return list;
}

Error FailedRecordings::summary(size_t all) const {
  return {first().code,
          fmt::format("{} of {} {} not separated", failed_.size(), counted(all, "recording"),
                      noun_for(failed_.size(), "was", "were")),
          failed_.front().input,
          "see the table of those that were not; --skip-existing leaves alone what is done",
          first().where};
}

}  // namespace tessera::cli
