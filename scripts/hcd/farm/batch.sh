#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# One task of the farm as Slurm runs it; slurm.py hands this file to sbatch with these words:
#   <job folder> <title> <step> <offset> <how often at most again> <command...>
# The command gets the task's index as its last word. What its exit code means stands in slurm.py.
#
# Slurm's own output is not used (--output=/dev/null): with a log that it cannot open it would end a task at once and
# without a word, and then the next one on that node.
set -u
folder=$1 title=$2 step=$3 offset=$4 most=$5
shift 5
index=$((${SLURM_ARRAY_TASK_ID:-0} + offset))
log=$folder/log/$step-$title-$index.log
node=$SLURMD_NODENAME
# Not SLURM_JOB_ID: one task of an array has the number of the array, and scontrol would take all of them.
me=${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}

elsewhere='goes back to the queue, for other nodes'

tell() { echo "farm: $(date -u +%FT%TZ) $node, Slurm's job $me: $*"; }

# A client of Slurm's; again for five minutes where the controller does not answer. With a task of an array scontrol
# calls that an unexpected message.
ask() {
  local end=$((SECONDS + 300)) answer
  until answer=$("$@" 2>&1); do
    case $answer in
      *'Unable to contact'* | *'imed out'* | *'Zero Bytes'* | *standby* | *'Unexpected message'* | *'Connection re'* | *'Broken pipe'*) ;;
      *) end=0 ;;
    esac
    if [ $SECONDS -ge $end ]; then
      tell "$1 $2: $answer" >&2
      return 1
    fi
    sleep 5
  done
  echo "$answer"
}

# Nodes that this task must not run on.
excluded() {
  local nodes
  nodes=$(ask scontrol show job --oneliner "$me" | sed -n 's/.* ExcNodeList=\([^ ]*\) .*/\1/p')
  [ -z "$nodes" ] || [ "$nodes" = '(null)' ] || ask scontrol show hostnames "$nodes"
}

# From here on SIGTERM is not for us: Slurm sends it to the whole task when it is requeued.
requeue() {
  trap '' TERM
  ask scontrol requeue "$me" >/dev/null
}

again() {  # <exit code>
  local tries
  sleep 2  # SIGTERM by scancel or a time limit reaches the command first
  # Without the times that it was for other nodes; with those that its node was lost.
  tries=$((${SLURM_RESTART_COUNT:-0} - $(grep -cF "job $me: $elsewhere" "$log")))
  if [ $tries -ge "$most" ]; then
    tell "ended with $1, not tried again: it has been tried $((${SLURM_RESTART_COUNT:-0} + 1)) times"
    exit "$1"
  fi
  tell "ended with $1, goes back to the queue"
  requeue
  exit "$1"
}

# This node is left to others. Without that it would be the first to be free again, and take all tasks one by one.
unfit() {  # <why>
  local nodes all left
  if [ -d "$folder" ] && mkdir -p "$folder/slurm/unfit"; then
    echo "$1" >"$folder/slurm/unfit/$node"
  fi
  nodes=$({ excluded; ls "$folder/slurm/unfit" 2>/dev/null; echo "$node"; } | sort -u)
  if all=$(ask sinfo --noheader --Node --format='%N %R'); then
    # A name that Slurm does not know would be an error.
    nodes=$(comm -12 <(echo "$nodes") <(echo "$all" | cut -d' ' -f1 | sort -u))
    left=$(echo "$all" | awk -v name="$SLURM_JOB_PARTITION" '$2 == name { print $1 }' | sort -u |
      comm -13 <(echo "$nodes") -)
    if [ -z "$left" ]; then
      tell "no node is left in partition $SLURM_JOB_PARTITION that can do it"
      exit 78
    fi
  fi
  nodes=$(echo "$nodes" | paste -sd,)
  tell "$elsewhere than $nodes"
  requeue
  # Only what waits can be changed; this task waits from now on, and does not start before this script has ended.
  ask scontrol update JobId="$me" ExcNodeList="$nodes" >/dev/null
  # The array's number stands for its tasks that wait; an error for those that run.
  [ -z "${SLURM_ARRAY_JOB_ID:-}" ] || scontrol update JobId="$SLURM_ARRAY_JOB_ID" ExcNodeList="$nodes" &>/dev/null
  exit 78
}

# Where storage is not mounted nothing may be made in its place; where it is full the worker says so.
{ [ -d "$folder" ] && [ -w "$folder" ]; } || unfit "$folder: expected a folder that can be written, found none"
[ -d "$folder/log" ] || mkdir "$folder/log"
{ : >>"$log"; } 2>/dev/null || log=/dev/null
exec >>"$log" 2>&1

together=(setpriv --pdeathsig KILL --)
command -v setpriv >/dev/null || together=(env)
trap 'ended=yes' TERM
tell "try $((${SLURM_RESTART_COUNT:-0} + 1))"
# A worker whose shell is killed would go on as nobody's, where Slurm follows processes by their parents.
"${together[@]}" "$@" "$index"
code=$?
trap 'tell "ended by Slurm, $(scontrol show job --oneliner "$me" | grep -o "\bReason=[^ ]*")"; exit 143' TERM
[ -z "${ended:-}" ] || kill -TERM $$
case $code in
  0) rm -f "$folder/slurm/unfit/$node" ;;
  78 | 126 | 127) unfit "ended with $code: see $log" ;;
  75 | 129 | 13? | 14? | 15? | 16?) again $code ;;
  *) tell "ended with $code" ;;
esac
exit $code
