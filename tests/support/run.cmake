# run(<command...>): fails where the command does.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code)
  if(code)
    message(FATAL_ERROR "${ARGN} ended with ${code}")
  endif()
endfunction()
