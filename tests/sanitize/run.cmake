# Configures, builds and tests with sanitizers; fails if any of it does.
include(${CMAKE_CURRENT_LIST_DIR}/../support/run.cmake)

# -O1: the optimiser finds more warnings than it saves time here.
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G Ninja -DHCD_SANITIZE=ON -DHCD_TESTS=ON -DHCD_NVCC=OFF
    -DHCD_LIBTORCH=${LIBTORCH} -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O1
    "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}")
run(${CMAKE_COMMAND} --build ${BUILD})
# LibTorch keeps what it allocates until the process ends: leaks are looked for in the other tests.
set(ENV{ASAN_OPTIONS} detect_leaks=1)
if(LIBTORCH)
  set(without_torch -E "^torch")
endif()
run(${CMAKE_CTEST_COMMAND} --test-dir ${BUILD} --output-on-failure ${without_torch})
if(LIBTORCH)
  set(ENV{ASAN_OPTIONS} detect_leaks=0)
  run(${CMAKE_CTEST_COMMAND} --test-dir ${BUILD} --output-on-failure -R "^torch")
endif()
