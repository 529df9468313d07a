#include "model/torch/network_options.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tessera {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

std::string_view name_of(NormKind kind) {
  switch (kind) {
    case NormKind::global: return "gLN";
    case NormKind::feature_wise: return "fgLN";
    case NormKind::channel_wise: return "cLN";
    case NormKind::cumulative: return "cgLN";
    case NormKind::batch: return "BN";
  }
  return "";
}

}  // namespace

Result<std::string> choose_option(ModelArgs& args, const Toolkit& toolkit, const std::string& name,
                                  std::span<const std::string_view> known, std::string_view assumed,
                                  std::vector<Note>& notes) {
  TESSERA_TRY(const auto given, args.text(name));
  if (!given) {
    if (toolkit.has_args) return std::string(assumed);
    std::vector<std::string_view> others(known.begin(), known.end());
    std::erase(others, assumed);
    notes.push_back(
        {NoteSeverity::warning,
         fmt::format("assumed {}={}, the default of {}: the weights do not tell; if that is wrong "
                     "give ImportOptions::model_args {}={}",
                     name, assumed, toolkit.name, name, fmt::join(others, " or "))});
    return std::string(assumed);
  }
  if (std::find(known.begin(), known.end(), *given) == known.end()) {
    return TESSERA_ERROR(
        kInvalidArgument, "",
        fmt::format("{} '{}': {} knows {}", name, *given, toolkit.name, fmt::join(known, ", ")),
        "");
  }
  return *given;
}

Result<NormKind> norm_named(const std::string& name, const Toolkit& toolkit) {
  const std::string small = lower(name);
  if (small == "gln") return NormKind::global;
  if (small == "cln") return NormKind::channel_wise;
  if (small == "bn") return NormKind::batch;
  return TESSERA_ERROR(kInvalidArgument, "",
                       fmt::format("norm_type '{}': {} knows gLN, cLN and BN", name, toolkit.name),
                       "");
}

Result<NormKind> agreed_norm(ModelArgs& args, const Toolkit& toolkit, NormKind shown) {
  TESSERA_TRY(const auto name, args.text("norm_type"));
  if (!name) return shown;
  TESSERA_TRY(const NormKind stated, norm_named(*name, toolkit));
  if (stated == shown) return shown;
  return TESSERA_ERROR(
      kInvalidModel, "",
      fmt::format("norm_type '{}': the shapes of the weights are those of {}", *name,
                  name_of(shown)),
      fmt::format("leave norm_type out or give ImportOptions::model_args norm_type={}",
                  name_of(shown)));
}

Result<void> check_encoder_activation(ModelArgs& args, const Toolkit& toolkit,
                                      std::string_view fixed) {
  TESSERA_TRY(const auto activation, args.text("encoder_activation"));
  if (!activation || *activation == fixed) return {};
  return TESSERA_ERROR(kInvalidArgument, "",
                       fmt::format("encoder_activation '{}': that of {} is always {}", *activation,
                                   toolkit.name, fixed),
                       "");
}

}  // namespace tessera
