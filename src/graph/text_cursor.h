// Reads one line of graph text piece by piece and says where it stands when something is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

class TextCursor {
 public:
  // `subject` names the text in errors; both views outlive the cursor.
  TextCursor(std::string_view subject, std::string_view line, int64_t line_number)
      : subject_(subject), line_(line), line_number_(line_number) {}

  bool at_end() const { return position_ == line_.size(); }
  void skip_spaces();

  bool comes(std::string_view token) const { return line_.substr(position_).starts_with(token); }
  // Takes `token` if it comes next.
  bool accept(std::string_view token);
  // Spaces, then `token`, which must come next.
  Result<void> expect(std::string_view token);
  // Spaces, then the end of the line.
  Result<void> expect_end();

  // Letters, digits, '_' and '.', at least one; `what` names it in the error.
  Result<std::string_view> word(std::string_view what);
  // "..." with the escapes \\ \" \xHH.
  Result<std::string> quoted(std::string_view what);
  Result<int64_t> integer(std::string_view what);
  Result<double> real(std::string_view what);
  Result<float> real32(std::string_view what);
  // [1,2,3]: at most `most` numbers.
  Result<std::vector<int64_t>> integers(std::string_view what, size_t most);
  // Everything up to the next space or the end.
  std::string_view rest_of_word();

  // An error at the present position.
  Error error(ErrorCode code, std::string message, std::string hint = "") const;
  Error corrupt(std::string message) const {
    return error(ErrorCode::kCorrupt, std::move(message));
  }

 private:
  template <typename Number>
  Result<Number> number(std::string_view what);

  std::string_view subject_;
  std::string_view line_;
  int64_t line_number_;
  size_t position_ = 0;
};

}  // namespace tessera
