#!/usr/bin/env bash
# tessera score on the bundled mixtures: the assignment, the improvement, the picture, and refusals by exit code.
#   score_test.sh TESSERA SOURCE_DIR
set -eu
tessera=$1
mixtures=$2/models/mixtures
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

fail() {
  echo "score_test: $1" >&2
  exit 1
}
# expect_refusal EXIT_CODE TEXT ARGUMENT...
expect_refusal() {
  local code=0 text=$2 wanted=$1
  shift 2
  "$tessera" score "$@" >"$scratch/out" 2>"$scratch/err" || code=$?
  [ "$code" -eq "$wanted" ] || fail "exit code $code instead of $wanted for: $*"
  grep -qF -- "$text" "$scratch/err" || fail "'$text' is missing in: $(cat "$scratch/err")"
}

s1=$mixtures/04_s1.wav s2=$mixtures/04_s2.wav mix=$mixtures/04_mix.wav
"$tessera" score --estimate "$s2" "$s1" --reference "$s1" "$s2" --mixture "$mix" \
  --picture "$scratch/a.png" --json | tr -d ' \n' >"$scratch/json"
grep -q '"permutation":\[2,1\]' "$scratch/json" || fail "swapped estimates are not found"
grep -q '"samples":32000' "$scratch/json" || fail "the length is not told"
[ "$(head -c 4 "$scratch/a.png" | tail -c 3)" = PNG ] || fail "no picture"
"$tessera" score --estimate "$mix" "$mix" --reference "$s1" "$s2" --mixture "$mix" >"$scratch/table"
grep -q '^mean .*+0.00' "$scratch/table" || fail "the mixture improves on itself"

"$tessera" score --estimate "$s1" --reference "$s1" --json >"$scratch/same" 2>/dev/null
grep -q '"si_snr_db": "infinite"' "$scratch/same" || fail "a file beside itself is not infinitely good"
"$tessera" score --estimate "$s1" --reference "$s1" | grep -q infinite || fail "nor in the table"

# A voice with its sign turned: sox is not needed, WAV samples are 16 bits.
python3 - "$s1" "$scratch/turned.wav" <<'PYTHON'
import array, sys
data = open(sys.argv[1], 'rb').read()
start = data.index(b'data') + 8
samples = array.array('h', data[start:start + (len(data) - start) // 2 * 2])
turned = array.array('h', [max(-32768, min(32767, -s)) for s in samples])
open(sys.argv[2], 'wb').write(data[:start] + turned.tobytes())
PYTHON
"$tessera" score --estimate "$scratch/turned.wav" --reference "$s1" 2>"$scratch/note" >/dev/null
grep -q 'has the opposite sign' "$scratch/note" || fail "a turned sign is not said"
"$tessera" score --estimate "$mix" --reference "$s1" 2>"$scratch/note" >/dev/null
! grep -q 'opposite sign' "$scratch/note" || fail "a sign that is right is called turned"

expect_refusal 5 'already exists' --estimate "$s1" --reference "$s1" --picture "$scratch/a.png"
expect_refusal 14 '1 estimates cannot be assigned to 2 references' --estimate "$s1" --reference "$s1" "$s2"
expect_refusal 4 'no such file or directory' --estimate missing.wav --reference "$s1"
expect_refusal 10 'is not a sound file of a known kind' --estimate "$0" --reference "$s1"
