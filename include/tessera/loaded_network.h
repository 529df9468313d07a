// LoadedNetwork: a model file or a package, ready to be evaluated: a network as it is, or as its
// package's plan cuts it and, where it was quantised, in its integers.
//
//   TESSERA_TRY(auto network, LoadedNetwork::open("net.tess"));
//   TESSERA_TRY(auto backend, make_backend(network.default_backend()));
//   TESSERA_TRY(auto session, network.session(*backend));
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "tessera/backend.h"
#include "tessera/encodings.h"
#include "tessera/import.h"
#include "tessera/note.h"
#include "tessera/package.h"
#include "tessera/plan.h"
#include "tessera/result.h"
#include "tessera/session.h"

namespace tessera {

// The network of a model file, or the one that a package was built from. Errors: those of
// import_model() or Package::open(); kInvalidArgument for `model_args` of a package, which holds
// its own.
Result<ImportedModel> load_model(const std::filesystem::path& path,
                                 const ImportOptions& options = {});

struct LoadedNetwork {
  ImportedModel model;
  std::optional<Package> package;
  std::optional<Plan> plan;            // with a package
  std::optional<Encodings> encodings;  // with a quantised one
  std::optional<Graph> approximated;   // with a package: the model's, frozen norms as constants

  // At `options.length_samples`; a package by itself at the length it was built for. Errors: those
  // of load_model() and Package::network().
  static Result<LoadedNetwork> open(const std::filesystem::path& path,
                                    const ImportOptions& options = {});

  // For inputs of another length. Errors: those of Network::instantiate() and Package::network().
  Result<void> set_length(int64_t length_samples);

  // What a session evaluates: the plan's graph, or the model's.
  const Graph& graph() const { return plan ? plan->graph : model.graph; }
  // What that must compute, in floats.
  const Graph& expected_graph() const { return approximated ? *approximated : model.graph; }

  // The backend for its arithmetic.
  std::string_view default_backend() const;

  // A warning where it was quantised and `backend` computes in floats, as EncodingsUse::ignore
  // lets it.
  std::optional<Note> ignored_integers(const Backend& backend) const;

  // Errors: those of Session::create().
  Result<Session> session(Backend& backend, EncodingsUse use = EncodingsUse::obey) const;
};

}  // namespace tessera
