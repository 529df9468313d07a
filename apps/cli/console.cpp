#include "cli/console.h"

#include "base/utf8.h"
#include "cli/option_names.h"
#include "exit_codes.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace tessera::cli {
namespace {

constexpr std::string_view kEraseLine = "\r\x1b[K";

bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

std::string escaped(std::string_view text, std::string_view kept) {
  std::string out;
  while (!text.empty()) {
    const size_t size = utf8_character_bytes(text);
    const std::string_view character = text.substr(0, std::max<size_t>(size, 1));
    text.remove_prefix(character.size());
    const bool is_kept = size == 1 && kept.find(character) != std::string_view::npos;
    if (size > 0 && (is_kept || !is_control(character))) {
      out += character;
      continue;
    }
    for (const char c : character) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

void put(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
}

}  // namespace

std::string printable(std::string_view text) {
  return escaped(text, "\n\t");
}

std::string printable_line(std::string_view text) {
  return escaped(text, "");
}

std::string json_text(const nlohmann::ordered_json& document) {
  return document.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void Console::write_out(std::string_view text) {
  const std::lock_guard lock(mutex_);
  put_out(printable(text));
}

void Console::put_out(std::string_view text) {
  errno = 0;
  const bool whole = std::fwrite(text.data(), 1, text.size(), out_) == text.size();
  if (!whole && write_error_ == 0) write_error_ = errno;
}

void Console::flush_out() {
  errno = 0;
  if (std::fflush(stdout) != 0 && write_error_ == 0) write_error_ = errno;
}

void Console::write_remark(std::string_view kind, std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (status_shown_) put(stderr, kEraseLine);
  status_shown_ = false;
  flush_out();
  put(stderr, fmt::format("{}: {}\n", kind, printable(line)));
}

void Console::note(std::string_view line) {
  std::string text = in_flags(line);
  if (json_) {
    notes_.push_back(std::move(text));
  } else {
    write_remark("note", text);
  }
}

void Console::warning(std::string_view line) {
  std::string text = in_flags(line);
  if (json_) {
    warnings_.push_back(std::move(text));
  } else {
    write_remark("warning", text);
  }
}

Log Console::log() {
  return Log([this](LogLevel level, std::string_view line) {
    if (level == LogLevel::kWarning) {
      warning(line);
    } else {
      note(line);
    }
  });
}

void Console::set_status_line(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (line.empty() && !status_shown_) return;
  put(stderr, kEraseLine);
  put(stderr, line);
  std::fflush(stderr);
  status_shown_ = !line.empty();
}

void Console::show(const nlohmann::ordered_json& document) {
  using Json = nlohmann::ordered_json;
  put_out(document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Result<void> Console::finish(nlohmann::ordered_json document) {
  const std::lock_guard lock(mutex_);
  if (json_) {
    document["notes"] = notes_;
    document["warnings"] = warnings_;
    show(document);
  }
  flush_out();
  if (std::ferror(stdout) == 0 && write_error_ == 0) return {};
  if (write_error_ == ENOSPC || write_error_ == EDQUOT) {
    return TESSERA_ERROR(kNoSpace, "standard output", "there is no space left to write to",
                         "free some space, or write elsewhere");
  }
  return TESSERA_ERROR(
      kIo, "standard output",
      fmt::format("cannot be written: {}", write_error_ == 0
                                               ? "write error"
                                               : std::generic_category().message(write_error_)),
      "check where the output is redirected to");
}

void Console::fail(const Error& library_error) {
  const Error error = in_flags(library_error);
  const std::lock_guard lock(mutex_);
  const std::string next = error.hint.empty() ? std::string(next_step(error.code)) : error.hint;
  if (status_shown_) put(stderr, kEraseLine);
  status_shown_ = false;
  flush_out();
  if (json_) {
    nlohmann::ordered_json document{{"error",
                                     {{"code", to_string(error.code)},
                                      {"message", error.message},
                                      {"subject", error.subject},
                                      {"hint", next}}}};
    if (kept_.is_object()) document.update(kept_);
    document["notes"] = notes_;
    document["warnings"] = warnings_;
    show(document);
    flush_out();
    return;
  }
  std::string text = fmt::format("error: {}\n", error.message);
  if (!error.subject.empty()) text += fmt::format("  in: {}\n", printable_line(error.subject));
  text += fmt::format("  next: {}\n", next);
  put(stderr, printable(text));
}

}  // namespace tessera::cli
