#include "model/torch/pickle_names.h"

#include <algorithm>

namespace tessera {
namespace {

// With everything below them.
constexpr std::string_view kRefused[] = {
    "os",
    "posix",
    "nt",
    "sys",
    "builtins",
    "__builtin__",
    "subprocess",
    "importlib",
    "imp",
    "runpy",
    "shutil",
    "socket",
    "ctypes",
    "_ctypes",
    "multiprocessing",
    "threading",
    "_thread",
    "code",
    "codeop",
    "pty",
    "pickle",
    "_pickle",
    "cPickle",
    "marshal",
    "types",
    "functools",
    "operator",
    "_operator",
    "webbrowser",
    "urllib",
    "http",
    "ftplib",
    "smtplib",
    "asyncio",
    "signal",
    "tempfile",
    "zipimport",
    "pdb",
    "bdb",
    "timeit",
    "cProfile",
    "profile",
    "trace",
    "doctest",
    "pydoc",
    "pip",
    "setuptools",
    "dill",
    "cloudpickle",
    "joblib",
    "inspect",
    "gc",
    "io",
    "_io",
    "copyreg",
    "copy_reg",
    "linecache",
    "ensurepip",
    "venv",
    "commands",
    "popen2",
    "site",
    "atexit",
    "sched",
    "concurrent",
    "xmlrpc",
    "sqlite3",
    "mmap",
    "fcntl",
    "platform",
    "numpy.testing",
    "torch",
    "torch.storage",
    "torch.serialization",
    "torch.hub",
    "torch.jit",
    "torch.utils",
    "torch.package",
    "torch._C",
    "torch._utils",
    "torch._dynamo",
    "torch._inductor",
    "torch.distributed",
    "torch.multiprocessing",
};
// Of these only the module itself.
constexpr std::string_view kRefusedAlone[] = {"torch"};

bool is_below(std::string_view module, std::string_view root) {
  if (module == root) return true;
  if (std::find(std::begin(kRefusedAlone), std::end(kRefusedAlone), root) !=
      std::end(kRefusedAlone))
    return false;
  return module.starts_with(root) && module[root.size()] == '.';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Identifiers with dots between them.
bool is_dotted_name(std::string_view text) {
  constexpr size_t kMaxName = 200;
  if (text.empty() || text.size() > kMaxName) return false;
  bool start = true;
  for (char c : text) {
    if (c == '.' && !start) {
      start = true;
      continue;
    }
    const bool digit = c >= '0' && c <= '9';
    if (!is_letter(c) && (start || !digit)) return false;
    start = false;
  }
  return !start;
}

}  // namespace

bool may_be_mentioned(std::string_view module, std::string_view name) {
  if (!is_dotted_name(module) || !is_dotted_name(name)) return false;
  if (module != "__main__" && module.find("__") != module.npos) return false;
  if (name.find("__") != name.npos) return false;  // __init__, __globals__
  return std::none_of(std::begin(kRefused), std::end(kRefused),
                      [&](std::string_view root) { return is_below(module, root); });
}

bool spelled_as_class(std::string_view name) {
  name.remove_prefix(std::min(name.rfind('.') + 1, name.size()));  // npos + 1 is 0
  while (name.starts_with('_')) name.remove_prefix(1);
  return !name.empty() && name.front() >= 'A' && name.front() <= 'Z' &&
         std::any_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

std::span<const std::string_view> refused_modules() {
  return kRefused;
}

}  // namespace tessera
