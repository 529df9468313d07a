# The fuzz harnesses of a build, as fuzz/CMakeLists.txt wrote them down. Sourced after common.sh.

# fuzzer_names BUILD: all of them.
fuzzer_names() {
  local file
  for file in "$1"/fuzz/*.options; do basename "$file" .options; done
}

# fuzzer_max_len BUILD NAME: bytes of the longest input that is made for it.
fuzzer_max_len() { head -n 1 "$1/fuzz/$2.options"; }

# fuzzer_folders BUILD NAME: its corpus first, then folders of seeds.
fuzzer_folders() { tail -n +2 "$1/fuzz/$2.options"; }
