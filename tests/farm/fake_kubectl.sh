#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Stands in for kubectl in tests of samples/farm/kubernetes/run: Jobs are files, and end as the test has said.
# FAKE_KUBECTL is a folder: jobs/NAME is a Job that was created; `ends` has a line "STEP TITLE CODE..." with the exit code of
# each time that this step is created (the last one stays; 0 unless named; "run": it runs until it is asked for a third
# time); `calls` is the record of what was done.
set -eu
jobs=$FAKE_KUBECTL/jobs
calls=$FAKE_KUBECTL/calls
touch "$calls"

count() { # LINE: of calls
  local line found=0
  while read -r line; do
    [ "$line" != "$1" ] || found=$((found + 1))
  done <"$calls"
  echo $found
}

code_of() { # NAME
  local step=${1##*-} rest=${1%-*} words number
  while read -r -a words; do
    if [ "${words[0]} ${words[1]}" = "$step $((10#${rest##*-}))" ]; then
      words=("${words[@]:2}")
      number=$(count "create $1")
      [ "$number" -gt 0 ] || number=1
      [ "$number" -le ${#words[@]} ] || number=${#words[@]}
      echo "${words[number - 1]}"
      return
    fi
  done < <(cat "$FAKE_KUBECTL/ends" 2>/dev/null)
  echo 0
}

case "$1 $2" in
  'create -f')
    manifest=$(cat)
    [[ $manifest =~ $'\n  name: '([^$'\n']+) ]]
    name=${BASH_REMATCH[1]}
    [ ! -e "$jobs/$name" ] || { echo "AlreadyExists: $name" >&2; exit 1; }
    printf '%s\n' "$manifest" >"$jobs/$name"
    echo "create $name" >>"$calls" ;;
  'delete job')
    if [ -e "$jobs/$3" ]; then
      rm "$jobs/$3"
      echo "delete $3" >>"$calls"
    fi ;;
  'get job')
    [ -e "$jobs/$3" ] || exit 0
    code=$(code_of "$3")
    if [ "$code" = run ] && [ "$(count "asked $3")" -lt 2 ]; then
      echo "asked $3" >>"$calls"
      printf '%s/' "$3"
    elif [ "$code" = 0 ] || [ "$code" = run ]; then
      printf '%s/SuccessCriteriaMet Complete' "$3"
    else
      printf '%s/FailureTarget Failed' "$3"
    fi ;;
  'get pods')
    name=${3##*=}
    if [[ $* == *nodeName* ]]; then
      printf 'node7 %s-0-abcde %s told why\n' "$name" "$(code_of "$name")"
    else
      code_of "$name"
    fi ;;
  *) echo "unknown: $*" >&2
     exit 1 ;;
esac
