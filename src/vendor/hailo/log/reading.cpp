#include "vendor/hailo/log/reading.h"

#include <algorithm>
#include <charconv>

#include "vendor/hailo/log/needles.h"

namespace tessera::hailo {
namespace {

constexpr size_t kMaxNames = 512;        // of layers kept
constexpr size_t kMaxTables = 64;        // of utilisation kept
constexpr size_t kLongestTold = 600;     // of a message
constexpr size_t kLongestBefore = 2048;  // of a line that another may continue

// All tables with their patterns compiled, made once.
struct Tables {
  std::vector<Recogniser> rows;
  std::vector<Pattern> patterns;
  Needles needles{{}};

  Tables() {
    for (const auto table : {tool_recognisers(), parser_recognisers(), optimizer_recognisers(),
                             allocator_recognisers(), runtime_recognisers()}) {
      rows.insert(rows.end(), table.begin(), table.end());
    }
    std::vector<std::string_view> words;
    for (const Recogniser& row : rows) {
      patterns.emplace_back(row.pattern);
      words.push_back(patterns.back().needle());
    }
    needles = Needles(words);
  }
};

const Tables& tables() {
  static const Tables kTables;
  return kTables;
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (names.size() < kMaxNames && std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(name);
  }
}

int64_t whole(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

// Explicit commands tell more than the library that happens to speak.
int tool_rank(std::string_view tool) {
  struct Row {
    std::string_view prefix;
    int rank;
  };
  constexpr Row kRows[] = {{"python", 7},      {"hailo ", 6},       {"hailomz", 6},
                           {"hailortcli ", 5}, {"driver", 5},       {"pyhailort", 4},
                           {"hailortcli", 3},  {"ClientRunner", 1}, {"hailo", 2}};
  for (const Row& row : kRows) {
    if (tool.starts_with(row.prefix)) return row.rank;
  }
  return 0;
}

// What a shell says of a program that the system ended for want of memory.
constexpr std::string_view kKilled = "Killed";

// From the beginning of the line that a match begins on; wrapped lines become one.
std::string message_at(std::string_view text, size_t begin) {
  const size_t end_before = text.rfind('\n', begin);
  std::string message(
      text.substr(end_before == std::string_view::npos ? 0 : end_before + 1, kLongestTold));
  std::replace(message.begin(), message.end(), '\n', ' ');
  return message;
}

}  // namespace

void LogReading::read(const LogLine& line) {
  ++told_.lines;
  for (std::vector<uint16_t> found; line.head.size() > 4;) {
    tables().needles.find(line.head, found);
    for (const uint16_t i : found) {
      const auto match = tables().patterns[i].match(line.head, false);
      if (match) apply(tables().rows[i], *match, {});
    }
    break;
  }
  read_text(line);
  std::rotate(before_.begin(), before_.begin() + 1, before_.end());
  before_.back() = line.text.substr(line.text.size() - std::min(line.text.size(), kLongestBefore));
}

void LogReading::read_text(const LogLine& line) {
  read_layer_block(line);
  read_utilization(line);
  if (!pending_exception_.empty() && !line.is_frame) {
    run_.exception_message = line.text.substr(0, kLongestTold);
    pending_exception_.clear();
  }
  bool explained = apply_rows(line.text, line, 0);
  if (!line.begins_record) read_joined(line);
  if (line.is_frame) return;
  explained = read_exception(line) || explained;
  explained = read_statuses(line) || explained;
  const bool is_error = line.level == "error" || line.level == "critical";
  if (line.text == kKilled) fail("out_of_memory", rank::kTold, LogStage::none, line.text);
  if (!is_error || explained) return;
  // What HailoRT checks without a row of ours is, as a rule, how it was called.
  const bool is_check = line.head.find("[HailoRT") != std::string::npos &&
                        line.text.starts_with("CHECK") &&
                        line.text.find("failed - ") != std::string::npos;
  fail(is_check ? "runtime_usage" : "unknown", rank::kVague,
       is_check ? LogStage::run : LogStage::none, line.text);
}

// Rows that begin on a line before this one and end on it.
void LogReading::read_joined(const LogLine& line) {
  std::string joined;
  for (const std::string& before : before_) {
    if (!before.empty()) joined += before + '\n';
  }
  if (joined.empty()) return;
  const size_t from = joined.size();
  // What a message spans stays bounded: a line of megabytes continues nothing.
  joined += line.text.substr(0, kLongestBefore);
  (void)apply_rows(joined, line, from);
}

bool LogReading::apply_rows(std::string_view text, const LogLine& line, size_t joined_from) {
  std::vector<uint16_t> found;
  tables().needles.find(text, found);
  bool explained = false;
  uint8_t harmless = 0;  // failures up to this rank are none on this line
  for (const uint16_t i : found) {
    const Recogniser& row = tables().rows[i];
    if (row.effect == Effect::harmless) harmless = std::max(harmless, row.rank);
  }
  for (const uint16_t i : found) {
    const Recogniser& row = tables().rows[i];
    const bool is_failure = row.effect == Effect::fails || row.effect == Effect::suspects;
    if (is_failure && (row.rank <= harmless || line.is_frame)) continue;
    if (!row.level.empty() && row.level != line.level) continue;
    const auto match = tables().patterns[i].match(text, line.is_cut);
    if (!match) continue;
    if (joined_from > 0 && (match->begin >= joined_from || match->end <= joined_from)) continue;
    apply(row, *match, message_at(text, match->begin));
    explained = explained || is_failure;
  }
  return explained || harmless > 0;
}

void LogReading::apply(const Recogniser& row, const Match& match, const std::string& message) {
  if (row.effect == Effect::begins) {
    if (run_.is_decided()) previous_ = run_;
    run_ = {};
    told_.utilization.clear();
  }
  if (row.stage != LogStage::none) run_.stage = row.stage;
  if (!row.tool.empty()) set_tool(row.tool);
  if (!row.exception.empty() && run_.implied_exception.empty())
    run_.implied_exception = row.exception;
  if (row.effect == Effect::fails || row.effect == Effect::suspects) {
    const bool confirmed = run_.confirmed || row.effect == Effect::fails;
    fail(row.family, row.rank, row.stage, message);
    run_.confirmed = confirmed;
  }
  const size_t sign = row.sets.find('=');
  if (sign != std::string_view::npos) {
    if (row.sets.starts_with("contexts")) run_.contexts = std::max<int64_t>(run_.contexts, 1);
    set_number(row.sets.substr(0, sign), std::string(row.sets.substr(sign + 1)));
  } else if (!row.sets.empty()) {
    const std::string_view key = row.sets.substr(0, row.sets.size() - 1);
    set_number(key, std::to_string(1 + std::max<int64_t>(0, whole(told_.number(key)))));
  }
  // A key that stands twice in one row is a ratio: "77/64".
  std::vector<Capture> captures;
  for (const Capture& capture : match.captures) {
    if (!captures.empty() && !capture.key.empty() && captures.back().key == capture.key) {
      captures.back().value += "/" + capture.value;
    } else {
      captures.push_back(capture);
    }
  }
  for (const Capture& capture : captures) take(row, capture);
  if (row.effect == Effect::succeeds) succeed(row.stage == LogStage::none ? run_.stage : row.stage);
}

void LogReading::take(const Recogniser& row, const Capture& capture) {
  if (!capture.names.empty()) return take_names(row, capture);
  if (capture.key.empty()) return;
  if (capture.key == "status_number") {
    const RuntimeStatus* status =
        find_status(static_cast<int32_t>(std::clamp<int64_t>(whole(capture.value), -1, INT32_MAX)));
    if (status != nullptr) take_status(*status, capture.value);
    return;
  }
  if (capture.key == "dfc_version")
    dfc_version_ = capture.value;
  else if (capture.key == "hailort_version")
    hailort_version_ = capture.value;
  else if (capture.key == "context_index") {
    const int64_t index = std::min<int64_t>(whole(capture.value), 1 << 20);
    if (index + 1 > run_.contexts) run_.contexts = index + 1;
    set_number("contexts", std::to_string(run_.contexts));
  } else {
    if (capture.key == "contexts") run_.contexts = std::max<int64_t>(0, whole(capture.value));
    if (capture.key == "desired_shift") run_.negative_exponent.desired_shift = capture.value;
    if (capture.key == "data_bits") run_.negative_exponent.data_bits = capture.value;
    set_number(capture.key, capture.value);
  }
}

void LogReading::take_names(const Recogniser& row, const Capture& capture) {
  if (capture.kind == "nodes") {
    auto& nodes = capture.key == "start"        ? told_.recommended_start_nodes
                  : capture.key == "mapped_end" ? told_.mapped_end_nodes
                                                : told_.recommended_end_nodes;
    nodes = capture.names;
    nodes.resize(std::min(nodes.size(), kMaxNames));
    return;
  }
  if (row.family.empty()) return;
  for (const std::string& name : capture.names) {
    add_once(run_.reasons[row.family].layers, name);
    if (capture.kind == "reshapes") add_once(run_.reshape_layers, name);
    if (row.family == "quantization_negative_exponent") run_.negative_exponent.layer = name;
    // In the order of appearance among the layers of the family that they support.
    if (!row.supports.empty()) {
      Reason& supported = run_.reasons[row.supports];
      supported.line = supported.line == 0 ? told_.lines : supported.line;
      add_once(supported.layers, name);
    }
  }
  in_layer_block_ = row.family == "unsupported_precision";
}

void LogReading::fail(std::string_view family, uint8_t rank, LogStage stage,
                      std::string_view message) {
  run_.confirmed = true;
  Reason& reason = run_.reasons[family];
  if (reason.rank >= rank) return;
  if (reason.line == 0) reason.line = told_.lines;
  reason.rank = rank;
  reason.stage = stage == LogStage::none ? run_.stage : stage;
  reason.message = message.substr(0, kLongestTold);
}

// What was refused before in this stage, or in one before it, was then done another way.
void LogReading::succeed(LogStage stage) {
  run_.succeeded = true;
  for (auto it = run_.reasons.begin(); it != run_.reasons.end();) {
    it = it->second.stage > stage && stage != LogStage::none ? std::next(it)
                                                             : run_.reasons.erase(it);
  }
  if (run_.reasons.empty()) {
    run_.confirmed = false;
    run_.exception.clear();
    run_.implied_exception.clear();
    run_.op_exception.clear();
  }
}

void LogReading::set_number(std::string_view key, std::string value) {
  for (auto& [known, number] : told_.numbers) {
    if (known != key) continue;
    number = std::move(value);
    return;
  }
  told_.numbers.emplace_back(key, std::move(value));
}

void LogReading::set_tool(std::string_view tool) {
  const int now = told_.tool.empty() ? -1 : tool_rank(told_.tool);
  if (tool_rank(tool) >= now) told_.tool = tool;
}

}  // namespace tessera::hailo
