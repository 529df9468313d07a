// A release: program, models, configuration and units of a service in one folder, which is complete
// in itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct ReleaseModel {
  std::string name;  // under which it is served: letters, digits and '._-'
  std::filesystem::path
      path;  // a model file or package; a network in several files needs a package
};

struct ReleaseOptions {
  std::filesystem::path program;  // for the machine where it will run
  std::vector<ReleaseModel> models;
  std::string serve_options;  // of 'tessera serve', one line
  std::string folder;         // where releases lie on that machine, absolute
  std::string id;             // of this release
  std::string version;        // of Tessera, for the record
};

struct Release {
  std::string id;
  std::string machine;  // that the program is for, as uname -m says: "x86_64", "aarch64"
  uint64_t bytes = 0;
  std::vector<std::pair<std::string, std::string>> models;  // name, content_hash() of its file
};

// Writes `into`, a new folder:
//   bin/tessera, models/..., serve.conf (MODELS and OPTIONS for the unit), tessera.service,
//   tessera.socket, release.json (what it is), SHA256SUMS (of all of them).
// Paths in it go by `folder`/current, so that a switch of releases changes none. Every model is
// opened first. Errors: kInvalidArgument for names that come twice and for a program that is no ELF
// file; kUnsupported for a model of several files; those of opening models and of writing.
Result<Release> assemble_release(const ReleaseOptions& options, const std::filesystem::path& into);

}  // namespace tessera
