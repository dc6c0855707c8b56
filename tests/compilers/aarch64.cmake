# Cross-compiled by GCC, run by qemu-user. Highway's and libpng's packages for arm64 are unpacked below the build tree,
# found with a list of packages of its own: the machine's own packages stay as they are. GoogleTest comes from its
# sources.
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)

set(root ${BUILD}/root)
if(NOT EXISTS ${root}/usr/include/hwy)
  file(MAKE_DIRECTORY ${BUILD}/apt/lists/partial ${BUILD}/apt/cache/archives/partial ${BUILD}/packages)
  file(WRITE ${BUILD}/apt/status "")
  set(apt apt-get -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State=${BUILD}/apt
      -o Dir::State::status=${BUILD}/apt/status -o Dir::Cache=${BUILD}/apt/cache
      -o APT::Sandbox::User=root)
  run(${apt} update)
  execute_process(COMMAND ${apt} download libhwy1 libhwy-dev WORKING_DIRECTORY ${BUILD}/packages
                  RESULT_VARIABLE code)
  file(GLOB packages ${BUILD}/packages/*.deb)
  if(code OR NOT packages)
    message(FATAL_ERROR "expected Highway's packages for arm64, found none")
  endif()
  foreach(package IN LISTS packages)
    run(dpkg -x ${package} ${root})
  endforeach()
endif()

set(toolchain ${BUILD}/toolchain.cmake)
file(WRITE ${toolchain} "
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR \"qemu-aarch64;-L;/usr/aarch64-linux-gnu;-E;LD_LIBRARY_PATH=${root}/usr/lib/aarch64-linux-gnu:${BUILD}/tests/cuda/stub\")
")
set(ENV{PKG_CONFIG_LIBDIR} ${root}/usr/lib/aarch64-linux-gnu/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${root})

set(gtest ${BUILD}/gtest)
run(${CMAKE_COMMAND} -S /usr/src/googletest -B ${gtest}/build -G Ninja -DCMAKE_TOOLCHAIN_FILE=${toolchain}
    -DCMAKE_INSTALL_PREFIX=${gtest} -DBUILD_GMOCK=OFF)
run(${CMAKE_COMMAND} --build ${gtest}/build --target install)

# Limits on memory are the emulator's own, and a process for each allocation takes hours there.
set(SKIP faults_test)
build_and_test(-DCMAKE_TOOLCHAIN_FILE=${toolchain} -DGTest_DIR=${gtest}/lib/cmake/GTest
               -Dnlohmann_json_DIR=/usr/share/cmake/nlohmann_json)
