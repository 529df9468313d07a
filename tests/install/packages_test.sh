#!/usr/bin/env bash
# packages_test.sh BINARY_DIR: packs this build as Debian packages, installs them into a folder of their own, uses them, purges them.
set -euo pipefail
binary_dir=$1
scratch=$binary_dir/packages_test
rm -rf "$scratch"
mkdir -p "$scratch/debs"

fail() { echo "FAILED: $1" >&2; exit 1; }

cpack --config "$binary_dir/CPackConfig.cmake" -B "$scratch/debs" -D CPACK_DEBIAN_COMPRESSION_TYPE=gzip >"$scratch/cpack.log" 2>&1 ||
  { cat "$scratch/cpack.log"; fail "cpack"; }
for package in tessera libtessera-dev tessera-models-demo; do
  ls "$scratch/debs/${package}"_*.deb >/dev/null || fail "there is no package $package"
done

depends=$(dpkg-deb -f "$scratch"/debs/tessera_*.deb Depends)
for library in libsndfile1 libprotobuf libarchive13; do
  [[ $depends == *$library* ]] || fail "tessera does not depend on $library: $depends"
done
[[ $depends != *torch* ]] || fail "tessera depends on libtorch"
[[ $(dpkg-deb -f "$scratch"/debs/libtessera-dev_*.deb Depends) == *libsndfile1-dev* ]] || fail "libtessera-dev does not name what its users build with"

# A folder instead of the machine: maintainer scripts get it as DPKG_ROOT.
root=$scratch/root
mkdir -p "$root"/var/lib/dpkg/{updates,info}
touch "$root/var/lib/dpkg/status"
in_root=(dpkg --root="$root" --log="$scratch/dpkg.log" --force-script-chrootless --force-not-root --force-depends --no-triggers)
"${in_root[@]}" -i "$scratch"/debs/{tessera,libtessera-dev,tessera-models-demo}_*.deb >"$scratch/install.log" 2>&1 ||
  { cat "$scratch/install.log"; fail "dpkg -i"; }

[ "$(stat -c %a "$root/etc/tessera/token")" = 600 ] || fail "others may read the token"
grep -qE '^[0-9a-f]{48}$' "$root/etc/tessera/token" || fail "the token is not 24 random bytes"
"$root/usr/bin/tessera" target list | grep -q hailo8 || fail "the installed tool does not find its targets"
grep -q tessera "$root/usr/share/bash-completion/completions/tessera" || fail "no completion for bash"
[ -f "$root/usr/include/tessera/tessera.h" ] || fail "no headers"

# What the unit starts, from the configuration that it reads.
(
  set -a
  . "$root/etc/tessera/serve.conf"
  grep -q '^ExecStart=/usr/bin/tessera serve \$MODELS --token-file \${CREDENTIALS_DIRECTORY}/token \$OPTIONS$' \
    "$root/lib/systemd/system/tessera.service" || fail "the unit starts something else than is tried here"
  # shellcheck disable=SC2086
  "$root/usr/bin/tessera" serve "$root$MODELS" --token-file "$root/etc/tessera/token" $OPTIONS --check
) || fail "the configured service cannot start"

# An upgrade keeps the token; removing keeps the configuration; purging leaves nothing.
before=$(cat "$root/etc/tessera/token")
"${in_root[@]}" -i "$scratch"/debs/tessera_*.deb >"$scratch/upgrade.log" 2>&1 || fail "installing again"
[ "$(cat "$root/etc/tessera/token")" = "$before" ] || fail "an upgrade changes the token"
"${in_root[@]}" --remove tessera >"$scratch/remove.log" 2>&1 || fail "removing"
[ -f "$root/etc/tessera/serve.conf" ] || fail "removing takes the configuration away"
"${in_root[@]}" --purge tessera libtessera-dev tessera-models-demo >"$scratch/purge.log" 2>&1 ||
  { cat "$scratch/purge.log"; fail "purging"; }
left=$(find "$root" -mindepth 1 -not -path "$root/var*")
[ -z "$left" ] || fail "purging leaves: $left"
rm -rf "$scratch"
