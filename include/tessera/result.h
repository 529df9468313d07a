// Result<T>: the return type of everything that input, files or devices can make fail.
// The surface follows std::expected (C++23); errors carry what failed, where, and the next step.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace tessera {

// Every code says when it applies. apps/ maps codes to exit codes in one table.
enum class ErrorCode {
  kInvalidArgument,  // the caller asked for something that has no meaning (bad option, bad value)
  kNotFound,         // a file, tensor, node or name that was asked for does not exist
  kAlreadyExists,    // an output is in the way and overwriting was not asked for
  kIo,               // the operating system refused to read or write
  kNoSpace,          // the disk (or quota) is full
  kCorrupt,          // a file breaks its own format: truncated, wrong magic, bad checksum
  kUnsafe,  // a file tries to do what data must not: run code, escape a folder, explode in size
  kUnsupported,    // well formed, but outside what Tessera can represent or do
  kInvalidModel,   // shapes, names or values in a network contradict each other
  kResourceLimit,  // a stated limit (memory, count, size) would be exceeded
  kUnavailable,    // a backend, device or optional component is not present here
  kMismatch,       // two things that had to be equal are not
  kCancelled,      // the caller asked to stop
};

// Stable lower-case name, e.g. "invalid_argument".
std::string_view to_string(ErrorCode code);

// What went wrong, for whom, and what to do next. `subject` names a file or node, `hint` the next
// step.
struct Error {
  ErrorCode code = ErrorCode::kInvalidArgument;
  std::string message;
  std::string subject;
  std::string hint;
  const char* where = "";  // source location "file:line" of the refusal, static storage

  // "subject: message (hint)" on one line.
  std::string to_string() const;
};

// Holds either a T or an Error. Accessing the wrong one is a bug and aborts.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(*-explicit-*)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(*-explicit-*)

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return *checked(this); }
  const T& value() const& { return *checked(this); }
  T&& value() && { return std::move(*checked(this)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return checked(this); }
  const T* operator->() const { return checked(this); }

  const Error& error() const& { return *checked_error(this); }
  Error& error() & { return *checked_error(this); }
  Error&& error() && { return std::move(*checked_error(this)); }

  template <typename U>
  T value_or(U&& fallback) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
  }

 private:
  template <typename Self>
  static auto checked(Self* self);
  template <typename Self>
  static auto checked_error(Self* self);

  std::variant<T, Error> state_;
};

// Success without a value.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(*-explicit-*)

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const;
  const Error& error() const&;
  Error&& error() &&;

 private:
  std::optional<Error> error_;
};

namespace internal {
// Prints the failed condition and aborts: reached by bugs only, never by input.
[[noreturn]] void check_failed(const char* condition, const char* where, std::string_view note);
}  // namespace internal

}  // namespace tessera

#define TESSERA_STRINGIZE_(x) #x
#define TESSERA_STRINGIZE(x) TESSERA_STRINGIZE_(x)
#define TESSERA_HERE __FILE__ ":" TESSERA_STRINGIZE(__LINE__)

// Aborts on a broken invariant of our own. Never use it for input.
#define TESSERA_CHECK(condition, note)                                     \
  do {                                                                     \
    if (!(condition)) [[unlikely]] {                                       \
      ::tessera::internal::check_failed(#condition, TESSERA_HERE, (note)); \
    }                                                                      \
  } while (false)

#define TESSERA_CONCAT_(a, b) a##b
#define TESSERA_CONCAT(a, b) TESSERA_CONCAT_(a, b)

// TESSERA_TRY(declaration, expression): declares from the value, or returns the error.
// TESSERA_TRY_VOID(expression): the same for Result<void>.
#define TESSERA_TRY(declaration, ...) \
  TESSERA_TRY_IMPL_(TESSERA_CONCAT(tessera_try_, __COUNTER__), declaration, __VA_ARGS__)
#define TESSERA_TRY_IMPL_(temporary, declaration, ...) \
  auto temporary = (__VA_ARGS__);                      \
  if (!temporary.has_value()) [[unlikely]]             \
    return std::move(temporary).error();               \
  declaration = std::move(temporary).value()
#define TESSERA_TRY_VOID(...)                         \
  do {                                                \
    auto tessera_try_result = (__VA_ARGS__);          \
    if (!tessera_try_result.has_value()) [[unlikely]] \
      return std::move(tessera_try_result).error();   \
  } while (false)

namespace tessera {

template <typename T>
template <typename Self>
auto Result<T>::checked(Self* self) {
  auto* value = std::get_if<0>(&self->state_);
  TESSERA_CHECK(value != nullptr, std::get_if<1>(&self->state_)->to_string());
  return value;
}

template <typename T>
template <typename Self>
auto Result<T>::checked_error(Self* self) {
  auto* error = std::get_if<1>(&self->state_);
  TESSERA_CHECK(error != nullptr, "no error in this Result");
  return error;
}

inline void Result<void>::value() const {
  TESSERA_CHECK(has_value(), error_->to_string());
}
inline const Error& Result<void>::error() const& {
  TESSERA_CHECK(error_.has_value(), "no error in this Result");
  return *error_;
}
inline Error&& Result<void>::error() && {
  TESSERA_CHECK(error_.has_value(), "no error in this Result");
  return std::move(*error_);
}

}  // namespace tessera

// Builds an Error at this source line: TESSERA_ERROR(kCorrupt, subject, message, hint).
#define TESSERA_ERROR(code_name, subject_text, message_text, hint_text)                        \
  ::tessera::Error {                                                                           \
    ::tessera::ErrorCode::code_name, (message_text), (subject_text), (hint_text), TESSERA_HERE \
  }

namespace tessera {

// Note: something a reader decided, assumed or left out that the user should be able to see. Never
// an error.

enum class NoteSeverity : uint8_t {
  info,     // worth recording: an assumption that is nearly always right
  warning,  // the result may differ from what the user expects
};

struct Note {
  NoteSeverity severity = NoteSeverity::info;
  std::string text;
};

}  // namespace tessera
