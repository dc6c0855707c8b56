# LibTorch as the target hcd_libtorch. find_package(Torch) of the PyPI wheel insists on a CUDA toolkit, so
# the libraries are named here.
function(hcd_import_libtorch name)
  set(file ${HCD_LIBTORCH}/lib/lib${name}.so)
  if(NOT EXISTS ${file})
    message(FATAL_ERROR "HCD_LIBTORCH=${HCD_LIBTORCH}: expected LibTorch's folder, "
                        "found no lib/lib${name}.so in it (scripts/setup installs one)")
  endif()
  add_library(hcd_libtorch_${name} SHARED IMPORTED GLOBAL)
  set_target_properties(hcd_libtorch_${name} PROPERTIES IMPORTED_LOCATION ${file})
endfunction()

hcd_import_libtorch(c10)
hcd_import_libtorch(torch_cpu)
add_library(hcd_libtorch INTERFACE)
target_include_directories(hcd_libtorch SYSTEM INTERFACE
    ${HCD_LIBTORCH}/include ${HCD_LIBTORCH}/include/torch/csrc/api/include)
target_link_libraries(hcd_libtorch INTERFACE hcd_libtorch_torch_cpu hcd_libtorch_c10)
# The wheel's libraries name CUDA libraries that a CPU-only installation lacks and does not need.
target_link_options(hcd_libtorch INTERFACE -Wl,--allow-shlib-undefined)
