include(${CMAKE_CURRENT_LIST_DIR}/../support/run.cmake)

# build_and_test(<options of CMake...>): configures, builds and runs the fast tests of C++ but for those that SKIP, a
# pattern of ctest's, names; a warning is an error.
function(build_and_test)
  set(skip "")
  if(SKIP)
    set(skip -E ${SKIP})
  endif()
  run(${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G Ninja -DHCD_TESTS=ON -DHCD_TOOLS=OFF -DHCD_NVCC=OFF
      -DCMAKE_COMPILE_WARNING_AS_ERROR=ON "-DCMAKE_C_COMPILER_LAUNCHER=${LAUNCHER}"
      "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" ${ARGN})
  run(${CMAKE_COMMAND} --build ${BUILD})
  run(${CMAKE_CTEST_COMMAND} --test-dir ${BUILD} --output-on-failure -L fast -R _test ${skip})
endfunction()
