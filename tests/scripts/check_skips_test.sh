#!/usr/bin/env bash
# scripts/check-skips on logs as ctest writes them: check_skips_test.sh SOURCE_DIR
set -euo pipefail
check=$1/scripts/check-skips
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export TESSERA_EXPECTED_SKIPS=$scratch/list
failed=0

# A log of three tests, of which those named were skipped.
write_log() {
  printf '%s\n' '    Start 1: A.runs' '1/3 Test #1: A.runs ......   Passed    0.01 sec' \
    '2/3 Test #2: B.mounts/torch ...***Skipped   0.00 sec' '3/3 Test #3: C.runs ......   Passed    0.01 sec' '' \
    '100% tests passed, 0 tests failed out of 3' '' 'Total Test time (real) =   0.02 sec' >"$scratch/log"
  [ $# -eq 0 ] || printf '\n%s\n' 'The following tests did not run:' >>"$scratch/log"
  for name; do printf '\t  2 - %s  # GetParam() = "x" (Skipped)\n' "$name" >>"$scratch/log"; done
}

# expect STATUS TEXT: check-skips ends so for preset dev, and says so.
expect() {
  local status=0 said
  said=$("$check" dev "$scratch/log" 2>&1) || status=$?
  [ "$status" -eq "$1" ] && [[ $said == *"$2"* ]] || { echo "expected $1 and '$2', got $status and '$said'"; failed=1; }
}

printf '# comment\nasan,dev B.*/torch not built\n' >"$TESSERA_EXPECTED_SKIPS"
write_log
expect 0 'dev: 0 of 3 tests skipped'
write_log B.mounts/torch
expect 0 'dev: 1 of 3 tests skipped'
write_log A.runs
expect 1 "skipped, but not listed in $TESSERA_EXPECTED_SKIPS for dev: A.runs"
printf 'asan B.*/torch not built\n' >"$TESSERA_EXPECTED_SKIPS"
write_log B.mounts/torch
expect 1 'for dev: B.mounts/torch'
printf 'dev D.gone a test of before\n' >"$TESSERA_EXPECTED_SKIPS"
write_log
expect 1 'for dev, but no such test: D.gone'
: >"$scratch/log"
expect 1 'is not the log of a finished ctest'
exit "$failed"
