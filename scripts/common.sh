# Shared by the scripts: messages, steps that are done once, and the machine's package sources.
# Sourced with the repository's top as working directory.

build=$PWD/build
log=$build/log

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

trap 'echo; die "interrupted; run again, what is done is kept"' INT

# fingerprint FILE-OR-TEXT...: changes when any of the files or texts does.
fingerprint() {
  local item
  for item in "$@"; do
    if [ -f "$item" ]; then cat "$item"; else printf '%s\n' "$item"; fi
  done | sha256sum | cut -c1-16
}

# step NAME FINGERPRINT RESULT COMMAND...: runs COMMAND unless it once succeeded with the same
# fingerprint and RESULT is still there. What it prints goes to build/log/NAME.log.
step() {
  local name=$1 print=$2 result=$3 stamp=$build/stamps/$1 start=$SECONDS
  shift 3
  if [ -e "$result" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$print" ]; then
    printf '%-10s there\n' "$name"
    return
  fi
  printf '%-10s ...' "$name"
  mkdir -p "$build/stamps" "$log"
  rm -f "$stamp"
  : >"$log/$name.log"
  watch_step "$name" "$log/$name.log" $$ &
  local watcher=$!
  # Not in a condition, which would switch `set -e` off inside the command, and not in the background,
  # where Ctrl-C would not reach it.
  local code
  set +e
  ( set -e; "$@" ) >>"$log/$name.log" 2>&1 </dev/null
  code=$?
  kill $watcher 2>/dev/null
  wait $watcher 2>/dev/null
  set -e
  [ ! -t 1 ] || printf '\r\033[K%-10s ...' "$name"  # ECMA-48: erase to the end of the line
  if [ $code -ne 0 ]; then
    printf ' failed\n'
    tail -n 15 "$log/$name.log" >&2
    die "$name: $(explain "$log/$name.log"); the whole output is in build/log/$name.log"
  fi
  printf '%s\n' "$print" >"$stamp"
  printf ' %d s\n' $((SECONDS - start))
}

# watch_step NAME LOG PARENT: shows how far a step is, twice a second on a terminal and twice a minute
# elsewhere, until it is killed or PARENT is gone.
watch_step() {
  local pause=30 before='' after=' %s' text
  [ ! -t 1 ] || pause=0.5 before="\\r\\033[K$(printf '%-10s ...' "$1")"
  # Not on our outputs: whoever reads them would wait for the last sleep.
  while sleep $pause >/dev/null 2>&1 && kill -0 "$3" 2>/dev/null; do
    text=$(how_far "$2")
    # shellcheck disable=SC2059  # the format is ours
    [ -z "$text" ] || printf "$before$after" "$text"
  done
}

# how_far LOG: "done / all" of what Ninja, make (after a line "files to make: N") or apt-get say there.
how_far() {
  awk '
    match($0, /^\[[0-9]+\/[0-9]+\]/)      { split(substr($0, 2, RLENGTH - 2), part, "/"); done = part[1]; all = part[2] }
    /^files to make: [0-9]+$/             { all = $4; done = 0; making = 1 }
    making && /^[A-Z0-9]+\t/              { if (done < all) done++ }
    / newly installed, /                  { all = 3 * ($1 + $3); done = 0 }
    /^(Get:[0-9]|Unpacking |Setting up )/ { if (done < all) done++ }
    END                                   { if (all) printf "%d / %d", done, all }' "$1"
}

# explain LOG: what to do about the usual failures.
explain() {
  if grep -qiE 'no space left' "$1"; then
    echo "the disk is full: free some space and run again"
  elif grep -qiE 'temporary failure|could not resolve|failed to fetch|connection (refused|timed out|error)|network is unreachable|max retries' "$1"; then
    echo "no network: connect and run again, what is done is kept"
  elif grep -qiE 'unable to locate package|has no installation candidate' "$1"; then
    echo "the package sources lack a package: use Debian 12 or newer, or install it by hand"
  else
    echo "it failed, see above"
  fi
}

# sources_list [APT OPTION...]: deb-src lines for the suites that the machine uses, from the mirrors it
# uses. Nothing where its package lists were never fetched.
sources_list() {
  # shellcheck disable=SC2016  # filled in by apt-get
  apt-get "$@" indextargets --format 'deb-src $(REPO_URI) $(RELEASE) main' \
    'Created-By: Packages' 'Origin: Debian' 'Component: main' | sort -u
}

# use_shared_data: data that tests may use stands beside the project on some machines; without it
# those tests are skipped.
use_shared_data() {
  if [ -z "${HCD_SHARED:-}" ] && [ -d ../shared/data ]; then
    HCD_SHARED=$(cd ../shared && pwd)
    export HCD_SHARED
  fi
}

# build_tests: adds the tests to the build that scripts/setup made. Arguments go to CMake.
build_tests() {
  cmake -S . -B "$build/cmake" -DHCD_TESTS=ON "$@"
  cmake --build "$build/cmake" -j "$(nproc)"
}
