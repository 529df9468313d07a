#!/usr/bin/env bash
# tessera check and target: verdicts, scores against recorded compiles, the ledger, and refusals by exit code.
#   target_test.sh TESSERA SOURCE_DIR
set -eu
tessera=$1
source=$2
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

fail() {
  echo "target_test: $1" >&2
  exit 1
}
# expect_refusal EXIT_CODE TEXT ARGUMENT...
expect_refusal() {
  local code=0 text=$2 wanted=$1
  shift 2
  "$tessera" "$@" >"$scratch/out" 2>"$scratch/err" || code=$?
  [ "$code" -eq "$wanted" ] || fail "exit code $code instead of $wanted for: $*"
  grep -qF -- "$text" "$scratch/err" || fail "'$text' is missing in: $(cat "$scratch/err")"
}

"$tessera" target list | grep -q '^hailo8l ' || fail "a shipped target is not found by name"
"$tessera" target show hailo8 | grep -q 'passes up to 262144 bytes, fails from 512000' || fail "no row limit"
"$tessera" target score hailo8 "$source/tests/data/outcomes_graphs.json" >"$scratch/score"
grep -q '82 right, 0 unknown, 0 wrong$' "$scratch/score" || fail "$(tail -1 "$scratch/score")"
"$tessera" target ledger --evidence "$source/tests/data/hailo" | grep -q '254/254 100.0%' || fail "L3 cuts"

model=$source/models/convtasnet_demo_gln_8k.pth
"$tessera" check "$model" --target hailo8 --json | tr -d ' \n' >"$scratch/json"
grep -q '"verdict":"doesnotfit"' "$scratch/json" || fail "the whole network is said to fit"
grep -q '"rule":"norm","node":"bottleneck.norm"' "$scratch/json" || fail "a global norm is not refused"
grep -q '"remedy":"split_global_norm"' "$scratch/json" || fail "no remedy is named"
"$tessera" check "$model" --summary | grep -q '^norm  *25 ' || fail "the summary does not count the norms"

expect_refusal 4 'known targets: ethos_u55, ethos_u65, ethos_u85, generic, hailo8, hailo8l' check "$model" --target hailo9
expect_refusal 4 'known targets: ethos_u55, ethos_u65, ethos_u85, generic, hailo8, hailo8l' target show hailo9
printf 'schema = 1\nname = "x"\n' >"$scratch/short.toml"
expect_refusal 3 'summary is missing' check "$model" --target "$scratch/short.toml"
printf 'schema = \n' >"$scratch/broken.toml"
expect_refusal 8 'broken.toml:1' target show "$scratch/broken.toml"
printf '{"a": }' >"$scratch/broken.json"
expect_refusal 8 'broken.json:1' target score hailo8 "$scratch/broken.json"
expect_refusal 4 'holds no records of compiles' target ledger --evidence "$scratch"
