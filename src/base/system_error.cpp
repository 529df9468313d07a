#include "base/system_error.h"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace tessera {

Error system_error(int error_number, std::string_view subject, std::string_view action) {
  const std::string name(subject);
  switch (error_number) {
    case ENOENT:
      return TESSERA_ERROR(kNotFound, name, "no such file or directory", "check the path");
    case EEXIST:
      return TESSERA_ERROR(kAlreadyExists, name, "already exists",
                           "give WriteOptions::force to overwrite it, or another name");
    case ENOSPC:
    case EDQUOT:
      return TESSERA_ERROR(kNoSpace, name, fmt::format("cannot {}: the disk is full", action),
                           "free some space or write to another disk");
    case EFBIG:
      return TESSERA_ERROR(
          kNoSpace, name,
          fmt::format("cannot {}: larger than the file system or a limit allows", action),
          "check `ulimit -f` or write to another disk");
    case EACCES:
    case EPERM:
    case EROFS:
      return TESSERA_ERROR(kIo, name, fmt::format("cannot {}: permission denied", action),
                           "check the permissions of the file and its folder");
    case ENOTDIR:
      return TESSERA_ERROR(kNotFound, name,
                           fmt::format("cannot {}: a part of the path is a file", action),
                           "check the path");
    case ELOOP:
      return TESSERA_ERROR(kInvalidArgument, name,
                           fmt::format("cannot {}: its symbolic links lead in a circle", action),
                           "check where the links lead");
    case ENAMETOOLONG:
      return TESSERA_ERROR(
          kInvalidArgument, name,
          fmt::format("cannot {}: the name is longer than the file system allows", action),
          "give a shorter name");
    case ENXIO:
      return TESSERA_ERROR(
          kUnsupported, name,
          fmt::format("cannot {}: this is a socket, or a device that is not there", action),
          "name a regular file");
    default:
      return TESSERA_ERROR(
          kIo, name,
          fmt::format("cannot {}: {}", action, std::generic_category().message(error_number)), "");
  }
}

}  // namespace tessera
