// deploy: a release onto a machine, whole or not at all: copied beside what runs, checked there,
// switched to in one step, and taken back where the service does not come up with it.
//
//   FOLDER/releases/<id>/   the releases that are kept
//   FOLDER/current          a link to the one that runs
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "deploy/destination.h"
#include "deploy/release.h"
#include "tessera/result.h"

namespace tessera {

struct DeployOptions {
  std::string
      restart;  // a command there, run after the switch: "systemctl restart tessera"; empty: none
  std::string health_url;  // as that machine reaches it; empty: not asked
  std::chrono::seconds health_limit{60};
  int keep = 3;  // releases, the one that runs among them
};

struct Deployment {
  std::string id;                    // that runs now
  std::string previous;              // that ran before; empty: none
  bool is_healthy = false;           // asked, and it serves exactly the release's models
  std::vector<std::string> removed;  // releases that were not kept
};

// One line as each step is done: "copied 12.3 MB".
using DeployStep = std::function<void(const std::string& text)>;

// Errors: kInvalidArgument for options; kMismatch for a program of another machine, for files that
// arrived damaged; kNoSpace; kUnavailable where the release cannot be served there, where another
// deployment is under way, or where the service was not healthy in time: it says whether the
// previous release runs again. Whatever fails before the switch changes nothing that runs.
Result<Deployment> deploy(const Destination& destination, const ReleaseOptions& release,
                          const DeployOptions& options, const DeployStep& on_step);

// Back to the release before the one that runs. Errors: kNotFound where there is none; those of
// deploy().
Result<Deployment> roll_back(const Destination& destination, const DeployOptions& options,
                             const DeployStep& on_step);

struct DeployedRelease {
  std::string id;
  bool is_current = false;
};
// Oldest first. Errors: kNotFound where nothing was ever deployed.
Result<std::vector<DeployedRelease>> deployed_releases(const Destination& destination);

}  // namespace tessera
