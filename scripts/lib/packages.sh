# install_packages GROUP...: installs the Debian packages of scripts/packages.txt that are missing.
# Sourced after common.sh.

missing_packages() {
  local group package reason
  while read -r group package reason; do
    case " $* " in *" $group "*) ;; *) continue ;; esac
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done < <(grep -v '^#' "$root/scripts/packages.txt")
}

install_packages() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die "this is not a Debian system, so packages cannot be installed for you" \
      "install what scripts/packages.txt lists, then build with 'cmake --preset release && cmake --build --preset release'"
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "packages are missing and only root may install them: ${missing[*]}" \
        "as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  quietly "$root/build/log/apt.log" "${as_root[@]}" apt-get update -q ||
    die "the package lists could not be updated" "check the network and apt's sources, then run this again"
  quietly "$root/build/log/apt.log" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}" ||
    die "the packages could not be installed" "run: apt-get install ${missing[*]}"
}

# build_witnesses: build/witnesses/bin/python with the packages of scripts/witnesses.txt.
build_witnesses() {
  local venv=$root/build/witnesses stamp
  stamp=$venv/.installed
  [ "$stamp" -nt "$root/scripts/witnesses.txt" ] && return 0
  say "installing the Python witnesses into build/witnesses"
  python3 -m venv "$venv"
  quietly "$root/build/log/witnesses.log" "$venv/bin/pip" install -q -r "$root/scripts/witnesses.txt" || return 1
  touch "$stamp"
}
