# Debian packages by CPack (scripts/package): tessera (the tool and its service), libtessera-dev, tessera-models-demo and,
# where that backend was built, tessera-torch.

# The service's units and configuration have fixed places, which only a package may write to.
install(FILES deploy/tessera.service deploy/tessera.socket DESTINATION /lib/systemd/system COMPONENT service EXCLUDE_FROM_ALL)
install(FILES deploy/serve.conf DESTINATION /etc/tessera COMPONENT service EXCLUDE_FROM_ALL)
install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/tessera/models COMPONENT models EXCLUDE_FROM_ALL)
install(FILES models/README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tessera-models-demo RENAME copyright
  COMPONENT models EXCLUDE_FROM_ALL)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tessera RENAME copyright COMPONENT service EXCLUDE_FROM_ALL)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libtessera-dev RENAME copyright COMPONENT library EXCLUDE_FROM_ALL)

# Whoever builds against the library needs what it was built with.
file(STRINGS scripts/packages.txt lines REGEX "^build +[^ ]+-dev ")
list(TRANSFORM lines REPLACE "^build +([^ ]+) .*" "\\1")
list(JOIN lines ", " TESSERA_DEV_PACKAGES)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tessera)
set(CPACK_PACKAGE_VENDOR Tessera)
set(CPACK_PACKAGE_CONTACT "Tessera developers <tessera@localhost>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS OFF)

set(CPACK_COMPONENT_TOOLS_GROUP tool)
set(CPACK_COMPONENT_SERVICE_GROUP tool)
set(CPACK_DEBIAN_TOOL_PACKAGE_NAME tessera)
set(CPACK_DEBIAN_TOOL_DESCRIPTION "temporal convolutional networks for small NPUs\n Rewrites, cuts, quantises and compiles trained networks, proves that they are\n still the same, runs them, and serves them over HTTP.")
set(CPACK_DEBIAN_TOOL_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOL_PACKAGE_RECOMMENDS tessera-models-demo)
set(CPACK_DEBIAN_TOOL_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/deploy/debian/postinst ${PROJECT_SOURCE_DIR}/deploy/debian/prerm
  ${PROJECT_SOURCE_DIR}/deploy/debian/postrm ${PROJECT_SOURCE_DIR}/deploy/debian/conffiles)
set(CPACK_DEBIAN_TOOL_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_COMPONENT_LIBRARY_GROUP library)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libtessera-dev)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "library behind tessera: headers and static library")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "${TESSERA_DEV_PACKAGES}")

set(CPACK_COMPONENT_MODELS_GROUP models)
set(CPACK_DEBIAN_MODELS_PACKAGE_NAME tessera-models-demo)
set(CPACK_DEBIAN_MODELS_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_MODELS_DESCRIPTION "small trained networks and recordings to try tessera with")

set(CPACK_COMPONENTS_ALL tools service library models)
if(TARGET tessera_torch)
  list(APPEND CPACK_COMPONENTS_ALL torch)
  set(CPACK_COMPONENT_TORCH_GROUP torch)
  set(CPACK_DEBIAN_TORCH_PACKAGE_NAME tessera-torch)
  set(CPACK_DEBIAN_TORCH_DESCRIPTION "tessera's torch backend")
  set(CPACK_DEBIAN_TORCH_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_TORCH_PACKAGE_DEPENDS "tessera (= ${PROJECT_VERSION})")
endif()

include(CPack)
cpack_add_component_group(tool)
cpack_add_component_group(library)
cpack_add_component_group(models)
cpack_add_component_group(torch)
