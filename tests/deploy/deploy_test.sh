#!/usr/bin/env bash
# deploy_test.sh BINARY_DIR SOURCE_DIR: releases into a folder and onto "another machine" (ssh and scp are stand-ins that
# work in a folder of this one), with a real service that is restarted.
set -euo pipefail
tessera=$1/bin/tessera
source_dir=$2
good=$source_dir/models/motion/motion_tcn.pth
other=$source_dir/models/motion/motion_tcn_gln.pth
scratch=$(mktemp -d "$1/deploy_test.XXXXXX")
trap 'kill "$(cat "$scratch/server.pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$scratch"' EXIT
there=$scratch/opt

fail() { echo "FAILED: $1" >&2; exit 1; }
# refused CODE WORDS COMMAND...: fails with this exit code and says these words.
refused() {
  local code=$1 words=$2 status=0
  shift 2
  "$@" >"$scratch/refused" 2>&1 || status=$?
  [ "$status" -eq "$code" ] || { cat "$scratch/refused"; fail "exit code $status, not $code: $*"; }
  grep -qF -- "$words" "$scratch/refused" || { cat "$scratch/refused"; fail "it does not say '$words': $*"; }
}
current() { basename "$(readlink "$there/current")"; }
releases() { ls "$there/releases"; }

# What a unit's restart does: the old one ends, the new one serves from 'current', on the same port.
port=$((20000 + RANDOM % 20000))
url=http://127.0.0.1:$port
cat >"$scratch/restart" <<END
#!/bin/sh
old=\$(cat "$scratch/server.pid" 2>/dev/null || echo none)
kill "\$old" 2>/dev/null
while grep -q '^State:.[RSD]' "/proc/\$old/status" 2>/dev/null; do sleep 0.1; done
MODELS=\$(sed -n 's/^MODELS=//p' "$there/current/serve.conf")
OPTIONS=\$(sed -n 's/^OPTIONS=//p' "$there/current/serve.conf")
case \$OPTIONS in *"--workers 3"*) exit 0 ;; esac  # a release that does not come up
setsid "$there/current/bin/tessera" serve \$MODELS \$OPTIONS --listen 127.0.0.1:$port >"$scratch/service.log" 2>&1 &
echo \$! >"$scratch/server.pid"
for _ in 1 2 3 4 5 6 7 8 9; do ! curl -s -o /dev/null -m 1 $url/healthz || break; sleep 0.2; done
END
chmod +x "$scratch/restart"

# --- a folder of this machine ---
"$tessera" deploy "$there" "motion=$good" --options '--workers 1' --restart "$scratch/restart" --health "$url" --json >"$scratch/first.json"
first=$(current)
grep -q "\"release\": \"$first\"" "$scratch/first.json" || fail "the document names another release"
grep -q '"healthy": true' "$scratch/first.json" || fail "the document does not say that it is healthy"
[ ! -e "$there/.deploying" ] || fail "the lock stays"
grep -q "^ExecStart=$there/current/bin/tessera serve" "$there/current/tessera.service" || fail "the unit starts another program"
(cd "$there/current" && sha256sum -c --quiet SHA256SUMS) || fail "the release's files differ from its sums"

"$tessera" deploy "$there" "motion=$other" --restart "$scratch/restart" --health "$url" >"$scratch/out"
second=$(current)
[ "$second" != "$first" ] || fail "nothing was switched"
curl -sf "$url/healthz" | grep -q '"motion"' || fail "the service does not answer"

# --- a service that does not come up with the new release: the one before runs again ---
refused 13 "$second runs again" "$tessera" deploy "$there" "motion=$good" --restart "$scratch/restart" --options '--workers 3' \
  --health "$url" --health-limit 2
[ "$(current)" = "$second" ] || fail "an unhealthy release stays"
curl -sf "$url/healthz" >/dev/null || fail "the service is gone after going back"
# One that goes on serving the old models counts as unhealthy, too.
refused 13 "serves other models" "$tessera" deploy "$there" "motion=$good" --restart true --health "$url" --health-limit 2
[ "$(current)" = "$second" ] || fail "a service that was not restarted passes for the new one"

# --- back, and no further ---
"$tessera" deploy "$there" --rollback --restart "$scratch/restart" --health "$url" >"$scratch/out"
[ "$(current)" = "$first" ] || fail "--rollback leads to $(current), not $first"
refused 4 "no release to go back to" "$tessera" deploy "$there" --rollback
"$tessera" deploy "$there" --list | grep -E "^ *$first +runs" >/dev/null || fail "--list does not show what runs"

# --- few are kept, never too few ---
"$tessera" deploy "$there" "motion=$good" --keep 1 >"$scratch/out"
[ "$(releases | wc -l)" -eq 2 ] || fail "beside what runs and what ran before, there are: $(releases)"

# --- nothing is changed by what fails before the switch ---
before=$(current)
echo damaged >"$scratch/bad.pth"
refused 10 "bad.pth" "$tessera" deploy "$there" "$scratch/bad.pth"
mkdir "$there/.deploying"
refused 13 "another deployment is under way" "$tessera" deploy "$there" "$good"
rmdir "$there/.deploying"
head -c 64 "$tessera" >"$scratch/cut"; printf '\267' | dd of="$scratch/cut" bs=1 seek=18 conv=notrunc status=none
refused 14 "the program is for aarch64" "$tessera" deploy "$there" "$good" --program "$scratch/cut"
refused 3 "is no program for" "$tessera" deploy "$there" "$good" --program "$good"
refused 3 "is no folder that a service can be told of" "$tessera" deploy "$scratch/a folder" "$good"
refused 3 "names no host" "$tessera" deploy "@x:/opt" "$good"
refused 3 "no model is named" "$tessera" deploy "$there"
refused 3 "a second model named" "$tessera" deploy "$there" "a=$good" "a=$other"
refused 13 "cannot be served there" "$tessera" deploy "$there" "$good" --options '--no-such-option'
[ "$(current)" = "$before" ] || fail "a refused deployment switched"
[ ! -e "$there/releases/.incoming" ] || fail "a refused deployment leaves files behind"

# --- another machine ---
mkdir "$scratch/bin"
cat >"$scratch/bin/ssh" <<'END'
#!/bin/sh
# ssh -o A -o B -- HOST COMMAND: the login shell of HOST gets COMMAND.
while [ "$1" != -- ]; do shift; done
[ "$2" = pi@board ] || { echo "ssh: Could not resolve hostname $2" >&2; exit 255; }
exec sh -c "$3"
END
cat >"$scratch/bin/scp" <<'END'
#!/bin/sh
while [ "$1" != -- ]; do shift; done
cp -R -p -- "$2" "${3#pi@board:}" || exit
[ -z "$SPOIL" ] || printf x >>"${3#pi@board:}/models/motion.pth"
END
chmod +x "$scratch"/bin/*
PATH=$scratch/bin:$PATH
far=$scratch/far
"$tessera" deploy "pi@board:$far" "motion=$good" >"$scratch/out"
[ -x "$far/current/bin/tessera" ] || fail "no program on the other machine"
SPOIL=1 refused 14 "arrived damaged" "$tessera" deploy "pi@board:$far" "motion=$good"
[ "$(ls "$far/releases" | wc -l)" -eq 1 ] || fail "a damaged release got a place"
refused 13 "cannot be reached by ssh" "$tessera" deploy "pi@elsewhere:$far" "motion=$good"
refused 3 "is not absolute" "$tessera" deploy "pi@board:far" "motion=$good"
