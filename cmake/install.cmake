# `cmake --install` and find_package(tessera CONFIG): the static library tessera::tessera with its
# headers, the command line tool, and a config file that finds the libraries it was built with.
include(CMakePackageConfigHelpers)

set(TESSERA_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/tessera)

install(TARGETS tessera EXPORT tessera-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(DIRECTORY include/tessera DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(EXPORT tessera-targets NAMESPACE tessera:: DESTINATION ${TESSERA_CMAKE_DIR}
        COMPONENT library)

# The config file finds what the stage folders linked, read off the target so that it cannot go stale.
set(TESSERA_FIND_DEPENDENCIES "")
get_target_property(tessera_libraries tessera LINK_LIBRARIES)
foreach(library IN LISTS tessera_libraries)
  if(library MATCHES "^PkgConfig::(.+)$")
    set(prefix ${CMAKE_MATCH_1})
    string(APPEND TESSERA_FIND_DEPENDENCIES
      "find_dependency(PkgConfig)\n"
      "pkg_check_modules(${prefix} QUIET REQUIRED IMPORTED_TARGET ${${prefix}_MODULE_NAME})\n")
  elseif(library MATCHES "^protobuf::")
    string(APPEND TESSERA_FIND_DEPENDENCIES "find_dependency(Protobuf)\n")
  elseif(library MATCHES "^onnx")
    string(APPEND TESSERA_FIND_DEPENDENCIES "find_dependency(ONNX)\n")
  elseif(library MATCHES "^SQLite::")
    string(APPEND TESSERA_FIND_DEPENDENCIES "find_dependency(SQLite3)\n")
  elseif(library STREQUAL "yaml-cpp")
    string(APPEND TESSERA_FIND_DEPENDENCIES "find_dependency(yaml-cpp)\n")
  elseif(library MATCHES "^([A-Za-z_]+)::")
    string(APPEND TESSERA_FIND_DEPENDENCIES "find_dependency(${CMAKE_MATCH_1})\n")
  # "::@" marks a folder, not a library; the linker finds csv by its name alone.
  elseif(NOT library MATCHES "BUILD_INTERFACE|^::@|^csv$")
    message(FATAL_ERROR "cmake/install.cmake: say how a user of tessera finds '${library}'")
  endif()
endforeach()

configure_package_config_file(cmake/tessera-config.cmake.in
  ${PROJECT_BINARY_DIR}/tessera-config.cmake INSTALL_DESTINATION ${TESSERA_CMAKE_DIR})
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tessera-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/tessera-config.cmake ${PROJECT_BINARY_DIR}/tessera-config-version.cmake
  DESTINATION ${TESSERA_CMAKE_DIR} COMPONENT library)

# The torch backend, where the program looks for it (src/backends/torch/CMakeLists.txt).
if(TARGET tessera_torch)
  install(TARGETS tessera_torch LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/tessera COMPONENT torch)
endif()

if(TESSERA_BUILD_APPS)
  install(TARGETS tessera_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
  if(NOT CMAKE_CROSSCOMPILING)
    # The program writes its own completions: bash, zsh, fish, each where that shell looks.
    install(CODE "
      set(share \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}\")
      foreach(shell_file bash:bash-completion/completions/tessera zsh:zsh/vendor-completions/_tessera fish:fish/vendor_completions.d/tessera.fish)
        string(REPLACE \":\" \";\" pair \${shell_file})
        list(GET pair 0 shell)
        list(GET pair 1 file)
        cmake_path(GET file PARENT_PATH folder)
        file(MAKE_DIRECTORY \"\${share}/\${folder}\")
        execute_process(COMMAND \"$<TARGET_FILE:tessera_cli>\" completion \${shell} OUTPUT_FILE \"\${share}/\${file}\" COMMAND_ERROR_IS_FATAL ANY)
      endforeach()" COMPONENT tools)
  endif()
endif()
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT library)
