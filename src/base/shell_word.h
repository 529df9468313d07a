// Names in command lines that are shown to people, who copy them into a shell.
#pragma once

#include <string>
#include <string_view>

namespace tessera {

// `text` as one word of a POSIX shell: as it is where every character stands for itself, else
// quoted. Control characters and bytes that are no UTF-8, which a terminal does not show, are
// written as $'\ooo' (bash, zsh, POSIX 2024).
std::string shell_word(std::string_view text);

// The same for the path of a file, so that no program takes it for an option or an address: with
// ./ before it where it begins with a dash or holds a colon.
std::string shell_path(std::string_view path);

}  // namespace tessera
