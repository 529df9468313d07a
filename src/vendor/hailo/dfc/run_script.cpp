#include "vendor/hailo/dfc/run_script.h"

namespace tessera::hailo {

std::string experiment_run_script(std::string_view hw_arch) {
  std::string script = R"SH(#!/usr/bin/env bash
# Takes every case through Hailo's compiler: parse, optimise, compile. Needs 'hailo' (the Dataflow Compiler) on PATH.
#   ./run.sh [CASE...]      all cases; STEP_LIMIT (3600) is how many seconds a step may take
# Logs lie in results/CASE.STEP.log, with the exit code in results/CASE.STEP.code. A case whose last step is there is
# not run again: started anew, it goes on. Then: tessera target experiment --read FOLDER
set -uo pipefail
cd "$(dirname "$0")"
command -v hailo >/dev/null || { echo "error: 'hailo' is not on PATH: activate the compiler's environment first" >&2; exit 1; }
limit=${STEP_LIMIT:-3600}
arch=@ARCH@
mkdir -p results

# step CASE NAME COMMAND...: its log and exit code; never asks anything.
step() {
  local case=$1 name=$2
  shift 2
  [ "$(cat "results/$case.$name.code" 2>/dev/null)" = 0 ] && return 0
  (cd "$case" && timeout --kill-after=30 "$limit" "$@") </dev/null >"results/$case.$name.log.tmp" 2>&1
  local code=$?
  [ "$code" -ne 124 ] || echo "timeout: stopped after $limit s" >>"results/$case.$name.log.tmp"
  mv "results/$case.$name.log.tmp" "results/$case.$name.log"
  echo "$code" >"results/$case.$name.code"
  return "$code"
}

while IFS=$'\t' read -r case question rest; do
  [[ "$case" != case && "$case" != '#'* ]] || continue
  [ $# -eq 0 ] || [[ " $* " == *" $case "* ]] || continue
  [ ! -e "results/$case.compile.code" ] || continue
  echo "$case: $question"
  calibration=calibration.npy
  [ -e "$case/$calibration" ] || calibration=calibration.npz
  step "$case" parse hailo parser onnx network.onnx --net-name "$case" --har-path parsed.har --hw-arch "$arch" &&
    step "$case" optimize hailo optimize parsed.har --hw-arch "$arch" --calib-set-path "$calibration" \
      --model-script script.alls --output-har-path optimized.har &&
    step "$case" compile hailo compiler optimized.har --hw-arch "$arch" --output-dir .
  echo "  exit code $?"
done <cases.tsv
)SH";
  constexpr std::string_view kArch = "@ARCH@";
  return script.replace(script.find(kArch), kArch.size(), hw_arch);
}

}  // namespace tessera::hailo
