#!/usr/bin/env bash
# clients_test.sh BINARY_DIR SOURCE_DIR: the example clients against the service, their answers beside the command line's.
set -euo pipefail
tessera=$1/bin/tessera
source_dir=$2
clients=$source_dir/examples/clients
model=$source_dir/models/convtasnet_demo_gln_8k.pth
motion=$source_dir/models/motion
mixture=$source_dir/models/mixtures/04_mix.wav
scratch=$(mktemp -d "$1/clients_test.XXXXXX")
server=
trap 'kill "$server" 2>/dev/null || true; rm -rf "$scratch"' EXIT

fail() { echo "FAILED: $1" >&2; exit 1; }
number_list() { python3 -c 'import json, sys; print(json.load(sys.stdin)["latent"])'; }

export TESSERA_TOKEN=0123456789abcdef0123456789abcdef
"$tessera" serve "motion=$motion/motion_tcn.pth" "voices=$model" --listen 127.0.0.1:0 >"$scratch/out" 2>"$scratch/log" &
server=$!
for _ in $(seq 300); do
  url=$(sed -n 's/^serving on //p' "$scratch/out")
  [ -z "$url" ] || break
  kill -0 "$server" 2>/dev/null || { cat "$scratch/log"; fail "the service ended"; }
  sleep 0.1
done

# The first window of the test data, as the service wants it: frames of channels.
python3 - "$motion/BasicMotions_TEST.ts" >"$scratch/window.json" <<'PYTHON'
import json, sys
lines = [l.strip() for l in open(sys.argv[1]) if l.strip() and l[0] not in "@#"]
channels = [[float(x) for x in c.split(",")] for c in lines[0].split(":")[:-1]]
print(json.dumps({"x": [list(row) for row in zip(*channels)]}))
PYTHON

curl -sf "$url/infer" -H "Authorization: Bearer $TESSERA_TOKEN" -H 'Content-Type: application/json' -d @"$scratch/window.json" >"$scratch/curl.json"
python3 "$clients/tessera_client.py" infer "$url" "$scratch/window.json" >"$scratch/python.json"
[ "$(number_list <"$scratch/curl.json")" = "$(number_list <"$scratch/python.json")" ] || fail "curl and Python get other latents"

"$tessera" separate "$model" "$mixture" -o "$scratch/tool" >/dev/null
python3 "$clients/tessera_client.py" separate "$url" "$mixture" "$scratch/python" >/dev/null
for voice in 1 2; do
  cmp "$scratch/tool/04_mix_s$voice.wav" "$scratch/python/voice_$voice.wav" || fail "voice $voice by the Python client"
done

if command -v node >/dev/null; then
  node "$clients/tessera_client.mjs" infer "$url" "$scratch/window.json" >"$scratch/node.json"
  [ "$(number_list <"$scratch/curl.json")" = "$(number_list <"$scratch/node.json")" ] || fail "curl and JavaScript get other latents"
  node "$clients/tessera_client.mjs" separate "$url" "$mixture" "$scratch/node.zip" >/dev/null
  python3 -m zipfile -e "$scratch/node.zip" "$scratch/node"
  cmp "$scratch/python/voice_2.wav" "$scratch/node/voice_2.wav" || fail "voice 2 by the JavaScript client"
fi

# A refusal is told in the service's words and as a failure.
if TESSERA_TOKEN=wrong python3 "$clients/tessera_client.py" infer "$url" "$scratch/window.json" 2>"$scratch/refusal"; then
  fail "a wrong token is taken"
fi
grep -q '^error: 40[13]: ' "$scratch/refusal" || fail "the refusal reads: $(cat "$scratch/refusal")"
kill -TERM "$server"
wait "$server" || fail "the service does not end well"
