// The table of routes: what requests are taken, and by what. /openapi.json is made of it.
#pragma once

#include <span>
#include <string_view>

#include "server/http_types.h"

namespace tessera::server {

class Service;

enum class BodyKind : uint8_t {
  none,
  json,       // application/json
  recording,  // audio/*, application/octet-stream, multipart/form-data
};

struct Route {
  std::string_view method;
  std::string_view path;
  std::string_view summary;
  BodyKind body = BodyKind::none;
  // Of JSON bodies; 0: ServeOptions::max_body_bytes.
  uint64_t max_body_bytes = 0;
  bool is_public = false;            // needs no token
  bool is_stream = false;            // becomes a WebSocket
  std::string_view parameters = {};  // of the query, apart by commas
  std::string_view request_schema =
      {};  // of JSON bodies, and of answers: names in openapi.cpp; empty: any object
  std::string_view answer_schema = {};
  void (Service::*handle)(Request, Reply) = nullptr;
};

std::span<const Route> routes();

}  // namespace tessera::server
