# Run by ctest: BINARY_DIR, SOURCE_DIR, GENERATOR and CXX are given.
set(scratch ${BINARY_DIR}/install_test)
file(REMOVE_RECURSE ${scratch})

function(step what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed (${status}):\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

step("installing" ${CMAKE_COMMAND} --install ${BINARY_DIR} --prefix ${scratch}/prefix)
step("configuring the examples" ${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE_DIR}/examples
  -B ${scratch}/build -D CMAKE_PREFIX_PATH=${scratch}/prefix -D CMAKE_CXX_COMPILER=${CXX}
  -D CMAKE_BUILD_TYPE=Release)
step("building the examples" ${CMAKE_COMMAND} --build ${scratch}/build)
step("running the example" ${scratch}/build/separate
  ${SOURCE_DIR}/models/convtasnet_demo_gln_8k.pth ${SOURCE_DIR}/models/mixtures/04_mix.wav ${scratch})
step("separating with the installed tool" ${scratch}/prefix/bin/tessera separate
  ${SOURCE_DIR}/models/convtasnet_demo_gln_8k.pth ${SOURCE_DIR}/models/mixtures/04_mix.wav -o ${scratch}/tool)
foreach(voice 1 2)
  step("comparing voice ${voice} of the example with the tool's" ${CMAKE_COMMAND} -E compare_files
    ${scratch}/voice_${voice}.wav ${scratch}/tool/04_mix_s${voice}.wav)
endforeach()
step("running the installed tool" ${scratch}/prefix/bin/tessera --version)
file(REMOVE_RECURSE ${scratch})
