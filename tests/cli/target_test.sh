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

# fit: what a file has forgotten, recorded compiles and a compiled file teach again.
outcomes=$source/tests/data/outcomes_graphs.json
compiled=$source/tests/data/hailo/hef/arcface_mobilefacenet_without_weights.hef
sed -e 's/^pass = 262144$/pass = 1000  # of long ago/' -e 's/^fail = 512000$/fail = 900000/' -e 's/^pass = 7$/pass = 1/' \
  "$source/targets/hailo8.toml" >"$scratch/forgot.toml"
"$tessera" target fit "$outcomes" "$compiled" --target "$scratch/forgot.toml" -o "$scratch/fit.toml" >"$scratch/fit"
grep -q '^limits.row_bytes .*passes up to 262144 bytes, fails from 512000' "$scratch/fit" || fail "$(cat "$scratch/fit")"
grep -q '^limits.kernel .*passes up to 7 taps' "$scratch/fit" || fail "a compiled file's kernel is not learnt"
grep -q '^# Every number says where it comes from:$' "$scratch/fit.toml" || fail "fit loses comments"
"$tessera" target show "$scratch/fit.toml" | grep -q 'witness: 262144 passes (outcomes: ' || fail "no witness"
"$tessera" target score "$scratch/fit.toml" "$outcomes" | grep -q '82 right, 0 unknown, 0 wrong$' || fail "score of a fit"
"$tessera" target fit "$outcomes" --target "$scratch/fit.toml" -o "$scratch/again.toml" | grep -q ' 0 limits changed' ||
  fail "fit learns the same twice"
"$tessera" target diff "$scratch/fit.toml" "$scratch/again.toml" >/dev/null || fail "again differs"
expect_refusal 5 'already exists' target fit "$outcomes" -o "$scratch/fit.toml"
"$tessera" target fit "$outcomes" -o "$scratch/fit.toml" --force >/dev/null || fail "--force does not replace"
cut_file=$scratch/cut.hef
head -c 3000 "$compiled" >"$cut_file"
expect_refusal 8 'cut.hef' target fit "$outcomes" "$cut_file" -o "$scratch/none.toml"
expect_refusal 3 'is evidence about hailo8, not about hailo8l' target fit "$compiled" --target hailo8l -o "$scratch/none.toml"
sed 's/^pass = 262144$/pass = 1000/; s/^fail = 512000$/fail = 2000/' "$source/targets/hailo8.toml" >"$scratch/narrow.toml"
expect_refusal 3 'the target file (outcomes: ' target fit "$outcomes" --target "$scratch/narrow.toml" -o "$scratch/none.toml"
mkdir -p "$scratch/run/cases"
printf '{"compiler":{"name":"builtin"},"target":{"name":"hailo8"}}' >"$scratch/run/run.json"
expect_refusal 3 'circular' target fit "$scratch/run" -o "$scratch/none.toml"
printf '{"compiler":{"name":"dfc"},"target":{"name":"hailo8l"}}' >"$scratch/run/run.json"
expect_refusal 3 'is evidence about hailo8l' target fit "$scratch/run" -o "$scratch/none.toml"
printf '{"compiler":{"name":"dfc"},"target":{"name":"hailo8"}}' >"$scratch/run/run.json"
expect_refusal 4 'has no finished case' target fit "$scratch/run" -o "$scratch/none.toml"
[ ! -e "$scratch/none.toml" ] || fail "a refused fit has written"
if [ "$(id -u)" -ne 0 ]; then
  mkdir "$scratch/locked" && chmod a-w "$scratch/locked"
  "$tessera" target fit "$outcomes" -o "$scratch/locked/x.toml" >/dev/null 2>&1 && fail "writes into a read-only folder"
fi

expect_refusal 14 'differs from hailo8 in 3 entries' target diff hailo8 hailo8l

# next: its experiment, answered, is what fit takes.
"$tessera" target next "$model" -o "$scratch/questions" >"$scratch/next" || fail "next"
grep -q '^limits.row_bytes ' "$scratch/next" || fail "$(cat "$scratch/next")"
asked=$(awk -F'\t' 'NR == 3 { print $1 }' "$scratch/questions/cases.tsv")
mkdir "$scratch/questions/results"
for step in parse optimize compile; do
  echo "[info] done" >"$scratch/questions/results/$asked.$step.log"
  echo 0 >"$scratch/questions/results/$asked.$step.code"
done
"$tessera" target fit "$scratch/questions" -o "$scratch/answered.toml" | grep -q '^limits.row_bytes ' || fail "an answer is not learnt"
expect_refusal 5 'is not empty' target next "$model" -o "$scratch/questions"
expect_refusal 3 'must be at least 1' target next "$model" --count 0
