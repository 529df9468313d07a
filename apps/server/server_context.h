// What the connections of one server share. They all run on one thread, so that none of it is
// locked.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>

#include "server/event_log.h"
#include "server/metrics.h"
#include "server/service.h"

namespace tessera::server {

// A connection as its server sees it.
class Connection {
 public:
  virtual ~Connection() = default;
  // The server has begun to stop, and accepts nothing more.
  virtual void stopping() = 0;
  // Idle connections are closed; the others end after their answer.
  virtual void drain() = 0;
  // Ends now.
  virtual void abort() = 0;
};

struct ServerContext {
  boost::asio::io_context& io;
  Service& service;
  const ServeOptions& options;
  Metrics& metrics;
  EventLog& log;

  std::unordered_set<Connection*> connections = {};
  int streams = 0;
  uint64_t body_bytes = 0;  // that requests being received may take
  uint64_t requests = 0;
  bool draining = false;  // idle connections are not kept any more
  uint64_t id_prefix = 0;

  void opened(Connection* connection) {
    connections.insert(connection);
    metrics.connections(static_cast<int>(connections.size()));
  }
  void closed(Connection* connection) {
    connections.erase(connection);
    metrics.connections(static_cast<int>(connections.size()));
  }
  std::string next_id();
};

}  // namespace tessera::server
