#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# One task of the farm as Slurm runs it; slurm.py hands this file to sbatch with these words:
#   <job folder> <title> <step> <offset> <how often at most again> <command...>
# The command gets the task's index as its last word. What its exit code means stands in slurm.py.
set -u
folder=$1 title=$2 step=$3 offset=$4 most=$5
shift 5
index=$((${SLURM_ARRAY_TASK_ID:-0} + offset))
log=$folder/log/$step-$title-$index.log
node=$SLURMD_NODENAME
# Not SLURM_JOB_ID: one task of an array has the number of the array, and scontrol would take all of them.
me=${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}

tell() { echo "farm: $(date -u +%FT%TZ) $node, Slurm's job $me: $*"; }

# A client of Slurm's; again for five minutes where the controller does not answer.
ask() {
  local end=$((SECONDS + 300)) answer
  until answer=$("$@" 2>&1); do
    case $answer in
      *'Unable to contact'* | *'imed out'* | *'Zero Bytes'* | *standby* | *'temporarily unable'*) ;;
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
  # Each node that was excluded has cost one, too, and nodes that were lost.
  tries=$((${SLURM_RESTART_COUNT:-0} - $(excluded | wc -l)))
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
  local nodes left
  if mkdir -p "$folder/slurm/unfit" 2>/dev/null; then
    echo "$1" >"$folder/slurm/unfit/$node" 2>/dev/null
  fi
  nodes=$({ excluded; ls "$folder/slurm/unfit" 2>/dev/null; echo "$node"; } | sort -u)
  left=$(ask sinfo --noheader --Node --partition="$SLURM_JOB_PARTITION" --format=%N | sort -u |
    comm -13 <(echo "$nodes") -)
  if [ -z "$left" ]; then
    tell "no node is left in partition $SLURM_JOB_PARTITION that can do it"
    exit 78
  fi
  nodes=$(echo "$nodes" | paste -sd,)
  tell "goes back to the queue, for other nodes than $nodes"
  requeue
  # Only what waits can be changed; this task waits from now on, and does not start before this script has ended.
  ask scontrol update JobId="$me" ExcNodeList="$nodes"
  # The array's number stands for its tasks that wait; an error for those that run.
  [ -z "${SLURM_ARRAY_JOB_ID:-}" ] || scontrol update JobId="$SLURM_ARRAY_JOB_ID" ExcNodeList="$nodes" 2>/dev/null
  exit 78
}

# With a log that it cannot open Slurm would end the task at once and without a word, one after the other on that node.
mkdir -p "$folder/log" 2>/dev/null
{ : >>"$log"; } 2>/dev/null || unfit "$folder: expected a folder that can be written, found none"
exec >>"$log" 2>&1

trap 'ended=yes' TERM
tell "try $((${SLURM_RESTART_COUNT:-0} + 1))"
"$@" "$index"
code=$?
trap 'tell "ended by Slurm: $(scontrol show job --oneliner "$me" | grep -o " Reason=[^ ]*")"; exit 143' TERM
[ -z "${ended:-}" ] || kill -TERM $$
case $code in
  0) rm -f "$folder/slurm/unfit/$node" ;;
  78 | 126 | 127) unfit "ended with $code: see $log" ;;
  75 | 129 | 13? | 14? | 15? | 16?) again $code ;;
  *) tell "ended with $code" ;;
esac
exit $code
