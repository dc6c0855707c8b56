# The kernels of the CUDA engine as hcd_cuda_kernels, a library with kernels_image()
# (core/engine/cuda/module.h). nvcc compiles them; nothing else of CUDA is needed, and no CUDA language of
# CMake's. nvcc 11.8 and later do; the GPU's driver has to be as new as nvcc's major version asks for (13:
# R580, 12: R525, 11.8: R520), which docs/cuda.md says, too.
find_program(HCD_NVCC nvcc HINTS /usr/local/cuda/bin ${PROJECT_SOURCE_DIR}/build/nvcc/nvidia/cu13/bin
             DOC "nvcc, for the CUDA engine; OFF: build without")
if(HCD_NVCC)
  set(HCD_KERNELS_FATBIN ${CMAKE_CURRENT_BINARY_DIR}/kernels.fatbin)
  # What each kernel takes of a GPU: tests/cuda/check_kernels.py.
  set(HCD_KERNELS_RESOURCES ${CMAKE_CURRENT_BINARY_DIR}/kernels.resources)
  # Machine code for Turing, Ampere (also Ada) and Hopper, and PTX that the driver of a later GPU compiles.
  # -fmad=false: only those multiply-adds are fused that a kernel writes, so that the host's tests see the
  # GPU's bits.
  add_custom_command(
    OUTPUT ${HCD_KERNELS_FATBIN}
    BYPRODUCTS ${HCD_KERNELS_RESOURCES}
    COMMAND ${CMAKE_COMMAND} -D RESOURCES=${HCD_KERNELS_RESOURCES} -P ${CMAKE_CURRENT_LIST_DIR}/compile_kernels.cmake
            -- ${HCD_NVCC} -std=c++17 -O3 -fmad=false -Werror all-warnings
            -Xptxas -v -fatbin --threads 2
            -gencode arch=compute_75,code=sm_75 -gencode arch=compute_80,code=sm_80
            -gencode arch=compute_90,code=sm_90 -gencode arch=compute_90,code=compute_90
            -I ${PROJECT_SOURCE_DIR}/core -MD -MF kernels.d -o ${HCD_KERNELS_FATBIN}
            ${PROJECT_SOURCE_DIR}/core/engine/cuda/kernels/all.cu
    DEPENDS ${PROJECT_SOURCE_DIR}/core/engine/cuda/kernels/all.cu ${CMAKE_CURRENT_LIST_DIR}/compile_kernels.cmake
    DEPFILE kernels.d
    WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}
    COMMENT "Compiling the CUDA kernels"
    VERBATIM)
  add_library(hcd_cuda_kernels STATIC ${PROJECT_SOURCE_DIR}/core/engine/cuda/module.cpp)
  set_source_files_properties(${PROJECT_SOURCE_DIR}/core/engine/cuda/module.cpp PROPERTIES
      COMPILE_DEFINITIONS "HCD_KERNELS_FATBIN=\"${HCD_KERNELS_FATBIN}\"" OBJECT_DEPENDS ${HCD_KERNELS_FATBIN})
else()
  message(STATUS "CUDA: no nvcc found: this build has no device=cuda for linear clients and light networks")
  if(HCD_TESTS)  # on the stand-in for a driver, which has the kernels itself
    add_library(hcd_cuda_kernels STATIC ${PROJECT_SOURCE_DIR}/tests/cuda/no_kernels.cpp)
  endif()
endif()
if(TARGET hcd_cuda_kernels)
  target_include_directories(hcd_cuda_kernels PRIVATE ${PROJECT_SOURCE_DIR}/core)
endif()
