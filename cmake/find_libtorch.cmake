# TESSERA_TORCH: AUTO builds the torch backend where libtorch is found, ON demands it, OFF leaves it out.
# Sets up the target tessera_libtorch. libtorch's own CMake files are not used: they add flags to everything
# and ask for the optional parts it was built with.
set(TESSERA_TORCH AUTO CACHE STRING "Build the torch backend (libtorch): AUTO, ON or OFF")
set_property(CACHE TESSERA_TORCH PROPERTY STRINGS AUTO ON OFF)

if(TESSERA_SANITIZE)
  # libtorch is not built with sanitizers: what they would report lies in it, not here.
  message(STATUS "torch backend: left out of sanitized builds")
elseif(TESSERA_TORCH)
  find_path(TESSERA_TORCH_INCLUDE ATen/ATen.h)
  find_library(TESSERA_TORCH_CPU_LIBRARY torch_cpu)
  find_library(TESSERA_TORCH_C10_LIBRARY c10)
  mark_as_advanced(TESSERA_TORCH_INCLUDE TESSERA_TORCH_CPU_LIBRARY TESSERA_TORCH_C10_LIBRARY)
  if(TESSERA_TORCH_INCLUDE AND TESSERA_TORCH_CPU_LIBRARY AND TESSERA_TORCH_C10_LIBRARY)
    add_library(tessera_libtorch INTERFACE)
    target_include_directories(tessera_libtorch SYSTEM INTERFACE ${TESSERA_TORCH_INCLUDE})
    target_link_libraries(tessera_libtorch INTERFACE
      ${TESSERA_TORCH_CPU_LIBRARY} ${TESSERA_TORCH_C10_LIBRARY})
  elseif(NOT TESSERA_TORCH STREQUAL AUTO)
    message(FATAL_ERROR "TESSERA_TORCH=ON, but libtorch is not found: install libtorch-dev")
  else()
    message(STATUS "torch backend: not built, libtorch is not found (Debian: libtorch-dev)")
  endif()
endif()
