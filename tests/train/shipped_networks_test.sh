#!/usr/bin/env bash
# The shipped networks separate the bundled mixtures as well as models/README.md says, within 0.1 dB.
#   shipped_networks_test.sh TESSERA SOURCE_DIR
set -euo pipefail
tessera=$1 models=$2/models
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

# improvement MODEL: mean SI-SNR improvement in dB over the bundled mixtures.
improvement() {
  local mixture name voices=$scratch/$(basename "$1")
  for mixture in "$models"/mixtures/*_mix.wav; do
    name=$(basename "$mixture" _mix.wav)
    "$tessera" separate "$1" "$mixture" -o "$voices" >/dev/null 2>&1
    "$tessera" score --estimate "$voices/${name}_mix_s1.wav" "$voices/${name}_mix_s2.wav" \
      --reference "$models/mixtures/${name}_s1.wav" "$models/mixtures/${name}_s2.wav" --mixture "$mixture" --json
  done | awk -F'[:,]' '/"mean"/ { mean = 1 } mean && /"si_snr_improvement_db"/ { sum += $2; n++; mean = 0 } END { print sum / n }'
}

for model in "$models"/*.pth; do
  name=$(basename "$model")
  stated=$(awk -F'|' -v name="\`$name\`" 'index($2, name) && $4 ~ /dB/ { split($4, n, " "); print n[1] + 0; exit }' "$models/README.md")
  [ -n "$stated" ] || { echo "$name: no figure for the bundled mixtures in models/README.md"; failed=1; continue; }
  measured=$(improvement "$model")
  echo "$name: $measured dB, stated $stated dB"
  awk -v m="$measured" -v s="$stated" 'BEGIN { exit !(m > s - 0.1 && m < s + 0.1) }' || { echo "$name: differs"; failed=1; }
done
exit "$failed"
