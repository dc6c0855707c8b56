include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)
build_and_test(-DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++)
