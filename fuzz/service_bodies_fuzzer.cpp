// Any bytes as bodies that the service reads: windows in JSON, and forms. The first byte chooses.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "serve/multipart.h"
#include "serve/window_request.h"

namespace {

using namespace tessera;

void read_windows_of(std::string_view json) {
  for (const int64_t devices : {1, 2}) {
    const WindowContract contract{
        .rows = 2, .columns = 9, .devices = devices, .ranges = imu_ranges()};
    const auto window = read_window(json, contract);
    if (window)
      TESSERA_CHECK(window->size() == static_cast<size_t>(18 * devices), "a window is whole");
    else
      TESSERA_CHECK(!window.error().subject.empty(), "a refusal names its field");
    const auto windows = read_windows(json, contract, 4);
    if (windows)
      TESSERA_CHECK(!windows->empty() && windows->size() <= 4, "a batch is within its bound");
  }
}

void read_frames_of(std::string_view json) {
  constexpr int64_t kMaxRows = 8;
  for (const int64_t devices : {1, 2}) {
    const WindowContract contract{
        .rows = 2, .columns = 9, .devices = devices, .ranges = imu_ranges()};
    const auto frames = read_frames(json, contract, kMaxRows);
    if (!frames) {
      TESSERA_CHECK(!frames.error().subject.empty(), "a refusal names its field");
      continue;
    }
    TESSERA_CHECK(frames->rows >= 1 && frames->rows <= kMaxRows, "rows are within their bound");
    TESSERA_CHECK(frames->values.size() == static_cast<size_t>(9 * devices * frames->rows),
                  "frames are whole");
    const auto session = read_session_id(json);
    TESSERA_CHECK(session && *session == frames->session, "a session is found the same both ways");
  }
}

void read_form(std::string_view body) {
  const size_t line = std::min(body.find('\n'), body.size());
  const auto boundary = multipart_boundary(body.substr(0, line));
  if (!boundary) return;
  const auto parts = read_multipart(body.substr(std::min(line + 1, body.size())), *boundary);
  if (!parts) return;
  for (const MultipartPart& part : *parts)
    TESSERA_CHECK(part.body.data() >= body.data() &&
                      part.body.data() + part.body.size() <= body.data() + body.size(),
                  "a part lies in the body");
  const std::string free = free_boundary(*parts);
  std::vector<MultipartPart> plain;
  for (const MultipartPart& part : *parts) plain.push_back({"part", "", "", part.body});
  const std::string written = write_multipart(plain, free);
  const auto again = read_multipart(written, free);
  TESSERA_CHECK(again && again->size() == plain.size(), "what is written is read again");
  for (size_t i = 0; i < plain.size(); ++i)
    TESSERA_CHECK((*again)[i].body == plain[i].body, "to the same bytes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    read_windows_of(rest);
    read_frames_of(rest);
  } else {
    read_form(rest);
  }
  return 0;
}
