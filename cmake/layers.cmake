# The layers of docs/architecture.md, lowest first, and the check that keeps them: a file includes
# only from its own layer and from lower ones. It runs at every configure; an offender stops it.
set(HCD_LAYERS base image net transport descent loss quality runtime weights shim models torch cuda capi train tools)

# Layers beside each other that must not see each other, as "from>to".
set(HCD_FORBIDDEN "descent>transport" "descent>net" "descent>image" "quality>descent"
    "quality>transport" "quality>net" "quality>loss" "loss>descent"
    "loss>transport" "loss>net" "runtime>quality" "tools>runtime" "tools>image" "tools>capi"
    "tools>descent" "tools>loss" "tools>transport" "torch>runtime" "torch>descent" "torch>loss"
    "torch>shim" "torch>transport" "models>transport" "models>descent" "models>loss" "models>quality"
    "models>runtime" "models>shim" "models>weights" "tools>models" "tools>train" "train>capi" "train>runtime"
    "train>shim" "train>torch" "train>descent" "train>loss" "train>transport")

# hcd_layer(<name> <sources...>): the static library hcd_<name> of core/<name>.
function(hcd_layer name)
  add_library(hcd_${name} STATIC ${ARGN})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARGN})
  hcd_check_layer(${name})
endfunction()

function(hcd_check_layer name)
  string(REGEX REPLACE "^light_" "" name ${name})  # a second library of the folder
  list(FIND HCD_LAYERS ${name} own)
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/core/${name}/*.cpp
       ${PROJECT_SOURCE_DIR}/core/${name}/*.h ${PROJECT_SOURCE_DIR}/core/${name}/*.cu)
  foreach(file IN LISTS files)
    file(STRINGS ${file} includes REGEX "^#include \"[a-z]+/")
    foreach(line IN LISTS includes)
      string(REGEX REPLACE "^#include \"([a-z]+)/.*" "\\1" other "${line}")
      list(FIND HCD_LAYERS ${other} theirs)
      if(theirs EQUAL -1 OR theirs GREATER own OR "${name}>${other}" IN_LIST HCD_FORBIDDEN)
        message(FATAL_ERROR "${file}: layer ${name} must not include from ${other}: ${line}")
      endif()
    endforeach()
  endforeach()
endfunction()
