# The layers of docs/architecture.md: a folder of core/ is a layer, and includes only from itself and from
# those that its list names. The check runs at every configure; an offender stops it.

# hcd_may_include(<folder> <layers...>): what the files of core/<folder> may include from. Prefixes count:
# "client" lets client/light in. A layer, or the folder, may be a single header, too.
function(hcd_may_include folder)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/${folder}/*.cpp
       ${PROJECT_SOURCE_DIR}/core/${folder}/*.h ${PROJECT_SOURCE_DIR}/core/${folder}/*.cu)
  if(folder MATCHES "\\.h$")
    set(files ${PROJECT_SOURCE_DIR}/core/${folder})
  endif()
  foreach(file IN LISTS files)
    file(STRINGS ${file} includes REGEX "^#include \"[a-z]+/")
    foreach(line IN LISTS includes)
      string(REGEX REPLACE "^#include \"(.*)\".*" "\\1" theirs "${line}")
      set(allowed FALSE)
      foreach(layer ${folder} ${ARGN})
        if("${theirs}/" MATCHES "^${layer}/")
          set(allowed TRUE)
        endif()
      endforeach()
      if(NOT allowed)
        message(FATAL_ERROR "${file}: core/${folder} may include from ${ARGN}, found ${line}")
      endif()
    endforeach()
  endforeach()
endfunction()

# hcd_layer(<folder> SOURCES <files...> MAY_INCLUDE <layers...>): the static library hcd_<folder> of
# core/<folder>, with "_" for "/".
function(hcd_layer folder)
  cmake_parse_arguments(layer "" "" "SOURCES;MAY_INCLUDE" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  add_library(hcd_${name} STATIC ${layer_SOURCES})
  hcd_may_include(${folder} ${layer_MAY_INCLUDE})
endfunction()
