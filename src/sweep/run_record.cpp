#include "sweep/run_record.h"

#include <fmt/format.h>

namespace tessera {
namespace {

Json compiler_json(const SweepCompiler& compiler) {
  Json json = {{"name", to_string(compiler.kind)}, {"version", compiler.version}};
  if (compiler.kind == CompilerKind::dfc) {
    json["program"] = compiler.dfc.program;
    json["leading_arguments"] = compiler.dfc.leading_arguments;
    json["hw_arch"] = compiler.dfc.hw_arch;
  }
  if (compiler.kind == CompilerKind::vela) json["program"] = compiler.vela.program;
  return json;
}

Result<SweepCompiler> compiler_from(const JsonFields& fields) {
  SweepCompiler compiler;
  TESSERA_TRY(const std::string name, fields.text("name"));
  TESSERA_TRY(compiler.version, fields.text("version"));
  if (name == "dfc") {
    compiler.kind = CompilerKind::dfc;
    TESSERA_TRY(compiler.dfc.program, fields.text("program"));
    TESSERA_TRY(compiler.dfc.leading_arguments, fields.words("leading_arguments"));
    TESSERA_TRY(compiler.dfc.hw_arch, fields.text("hw_arch"));
  } else if (name == "vela") {
    compiler.kind = CompilerKind::vela;
    TESSERA_TRY(compiler.vela.program, fields.text("program"));
  } else if (name != "builtin") {
    return fields.error("name", fmt::format("'{}' is no compiler", name));
  }
  return compiler;
}

Result<RunState> state_from(const JsonFields& fields) {
  TESSERA_TRY(const std::string word, fields.text("state"));
  for (const RunState one : {RunState::running, RunState::stopped, RunState::finished}) {
    if (to_string(one) == word) return one;
  }
  return fields.error("state", fmt::format("'{}' is no state", word));
}

}  // namespace

Json to_json(const RunRecord& record) {
  return {{"format", 1},
          {"kind", "sweep"},
          {"name", record.name},
          {"command", record.command},
          {"created", record.created},
          {"tessera", record.tessera},
          {"machine", record.machine},
          {"target", {{"name", record.target_name}, {"hash", record.target_hash}}},
          {"compiler", compiler_json(record.compiler)},
          {"definition_hash", record.definition_hash},
          {"definition_folder", record.definition_folder.string()},
          {"profile", record.profile},
          {"cases", record.pattern},
          {"model", record.model},
          {"state", to_string(record.state)}};
}

Result<RunRecord> run_record_from(const Json& json, const std::string& origin) {
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, origin));
  TESSERA_TRY_VOID(fields.integer("format", 1, 1));
  TESSERA_TRY(const std::string kind, fields.text("kind"));
  if (kind != "sweep") return fields.error("kind", fmt::format("is '{}', no sweep", kind));
  RunRecord record;
  TESSERA_TRY(record.name, fields.text("name"));
  TESSERA_TRY(record.command, fields.words("command"));
  TESSERA_TRY(record.created, fields.text("created"));
  TESSERA_TRY(record.tessera, fields.text("tessera"));
  if (json.contains("machine")) record.machine = json["machine"];
  TESSERA_TRY(const JsonFields target, fields.object("target"));
  TESSERA_TRY(record.target_name, target.text("name"));
  TESSERA_TRY(record.target_hash, target.text("hash"));
  TESSERA_TRY(const JsonFields compiler, fields.object("compiler"));
  TESSERA_TRY(record.compiler, compiler_from(compiler));
  TESSERA_TRY(record.definition_hash, fields.text("definition_hash"));
  TESSERA_TRY(const std::string folder, fields.text("definition_folder"));
  record.definition_folder = folder;
  TESSERA_TRY(record.profile, fields.text("profile"));
  TESSERA_TRY(record.pattern, fields.text("cases"));
  if (fields.has("model")) {
    TESSERA_TRY(record.model, fields.text("model"));
  }
  TESSERA_TRY(record.state, state_from(fields));
  return record;
}

}  // namespace tessera
