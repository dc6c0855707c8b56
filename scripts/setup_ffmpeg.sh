# The ffmpeg of scripts/setup, which sources this: the distribution's own with a patched libavfilter, or a
# whole one. Sees build, jobs, ffmpeg_tree, and runs under set -e.
# shellcheck disable=SC2154,SC2164

# Configure options of libavfilter and the development packages they need: those that are small. Filters of
# the distribution that need others are missing, and named after the build.
filter_libraries=(
  libass:libass-dev libfontconfig:libfontconfig-dev libfreetype:libfreetype-dev libfribidi:libfribidi-dev
  libzimg:libzimg-dev libvidstab:libvidstab-dev ladspa:ladspa-sdk lv2:liblilv-dev frei0r:frei0r-plugins-dev
  libbs2b:libbs2b-dev libmysofa:libmysofa-dev librubberband:librubberband-dev opencl:ocl-icd-opencl-dev
  libdrm:libdrm-dev vaapi:libva-dev vulkan:libvulkan-dev libglslang:glslang-dev libplacebo:libplacebo-dev
  ffnvcodec:libffmpeg-nvenc-dev
)
full_packages=(zlib1g-dev libx264-dev libx265-dev libsvtav1enc-dev libdav1d-dev libffmpeg-nvenc-dev)

compiler=gcc
! command -v ccache >/dev/null || compiler='ccache gcc'

# get_source [VERSION]: Debian's source package, with Debian's patches, under a name of its own only when
# complete. Neither the machine's package sources nor its lists are changed.
get_source() {
  local version=${1:-} part=$build/ffmpeg-src.part kept=$build/downloads/ffmpeg
  rm -rf "$part"
  mkdir -p "$part/lists/partial" "$part/binary-lists/partial" "$kept"
  if ! { dpkg-source --extract "$kept"/*.dsc "$part/tree" && is_version "$part/tree" "$version"; }; then
    rm -rf "$part/tree" "${kept:?}"/*
    local apt=(apt-get -o APT::Sandbox::User= -o Dir::Cache="$part/cache")
    sources_list >"$part/sources.list"
    if [ ! -s "$part/sources.list" ]; then
      "${apt[@]}" -o Dir::State::Lists="$part/binary-lists" update
      sources_list -o Dir::State::Lists="$part/binary-lists" >"$part/sources.list"
    fi
    apt+=(-o Dir::Etc::sourcelist="$part/sources.list" -o Dir::Etc::sourceparts=-
      -o Dir::State::Lists="$part/lists")
    "${apt[@]}" update
    (cd "$kept" && "${apt[@]}" source --download-only "ffmpeg${version:+=$version}")
    dpkg-source --extract "$kept"/*.dsc "$part/tree"
  fi
  rm -rf "$build/ffmpeg-src"
  mv "$part/tree" "$build/ffmpeg-src"
  rm -rf "$part"
}

# is_version TREE VERSION: whether Debian's changelog in the tree says so; "": any.
is_version() {
  [ -z "$2" ] || [ "$(dpkg-parsechangelog -l "$1/debian/changelog" -S Version)" = "$2" ]
}

# Links, so that an edit in filter/ is seen by the next make. Always run: it changes only what differs.
patch_tree() {
  step patch "$(date +%s.%N)" /nonexistent ./configure_patch "$1" --link
}

# in_place FILE RESULT: copies in one step, and only what differs.
in_place() {
  cmp -s "$1" "$2" && return
  cp "$1" "$2.part"
  mv "$2.part" "$2"
}

has_filters() {
  [[ $("$build/bin/ffmpeg" -hide_banner -filters) == *" hcd_down "* ]]
}

# ---- the distribution's ffmpeg, with a libavfilter of the same version ----

# distribution_version: the version of the source package that ffmpeg and each library of it that it opens were
# made from; ends with 1 and the reason where they are not of one version.
distribution_version() {
  local file owner found version=
  while read -r file; do
    owner=$(dpkg-query -S "$(realpath "$file")" 2>/dev/null) || { echo "$file is of no package"; return 1; }
    # shellcheck disable=SC2016  # filled in by dpkg-query
    found=$(dpkg-query -W -f '${source:Package} ${source:Version}' "${owner%: *}")
    if [ "${version:=$found}" != "$found" ] || [ "${found% *}" != ffmpeg ]; then
      echo "expected ffmpeg and its libraries to be of one version, found $version and $found ($file)"
      return 1
    fi
  done < <(echo /usr/bin/ffmpeg; distribution_libraries)
  echo "${version#* }"
}

# Paths of FFmpeg's libraries as the loader finds them for the distribution's ffmpeg.
distribution_libraries() {
  LD_LIBRARY_PATH='' ldd /usr/bin/ffmpeg | sed -nE 's/^[[:space:]]*lib(av(codec|device|filter|format|util)|sw(scale|resample)|postproc)\.so[^ ]* => ([^ ]+) .*/\4/p' | sort
}

make_libavfilter() {
  local version missing fetched=0
  if ! version=$(distribution_version); then
    build_whole_instead "$version"
    return
  fi
  if ! is_version "$build/ffmpeg-src" "$version" 2>/dev/null; then
    # Not in a condition, for the reason that step() gives.
    set +e
    ( set -e; step fetch "$(fingerprint "$version")" /nonexistent get_source "$version" )
    fetched=$?
    set -e
  fi
  if [ $fetched != 0 ]; then
    build_whole_instead "the source of ffmpeg $version cannot be had"
    return
  fi
  ffmpeg_tree=$build/ffmpeg-src
  patch_tree "$ffmpeg_tree"
  step configure "$(fingerprint "$version" "$ffmpeg_tree/configure" "$ffmpeg_tree/libavfilter/allfilters.c" \
    "$build/lib/pkgconfig/hcd.pc" "${filter_libraries[@]}")" "$build/libavfilter/ffbuild/config.mak" configure_libavfilter
  step ffmpeg "$(date +%s.%N)" /nonexistent build_libavfilter
  missing=$(cat "$build/libavfilter/missing")
  [ -z "$missing" ] || printf '%-10s %s\n' '' "lacks filters of the distribution's ffmpeg: $missing"
}

build_whole_instead() {
  printf '%-10s %s\n' ffmpeg "a whole one is built: $1"
  packages+=("${full_packages[@]}")
  need_packages
  make_whole_ffmpeg
}

configure_libavfilter() {
  local flags=() entry flag refused
  rm -rf "$build/libavfilter"
  mkdir -p "$build/libavfilter"
  cd "$build/libavfilter"
  for entry in "${filter_libraries[@]}"; do flags+=("--enable-${entry%%:*}"); done
  # An older or newer package than this FFmpeg wants costs the filters of that package, not all of them.
  until PKG_CONFIG_PATH=$build/lib/pkgconfig "$ffmpeg_tree/configure" --cc="$compiler" --enable-gpl --enable-shared \
    --disable-static --disable-programs --disable-doc --disable-debug --disable-autodetect --enable-libhcd \
    --extra-ldsoflags="-Wl,-rpath,'\\\$\\\$ORIGIN'" "${flags[@]}" >configure.log 2>&1; do
    cat configure.log
    refused=$(sed -nE 's/^ERROR: ([A-Za-z0-9_]+).*/\1/p' configure.log | head -n 1)
    flag=$(printf '%s\n' "${flags[@]}" | grep -ixE -- "--enable-(lib)?${refused:-none}" | head -n 1) || return 1
    mapfile -t flags < <(printf '%s\n' "${flags[@]}" | grep -vx -e "$flag")
  done
  # A program says so where one of its libraries was configured differently. The others are its own.
  own=$(/usr/bin/ffmpeg -hide_banner -version | sed -n 's/^configuration: //p') \
    perl -pi -e 's/^#define FFMPEG_CONFIGURATION \K.*/"\"" . ($ENV{own} =~ s|(["\\])|\\$1|gr) . "\""/e' config.h
}

build_libavfilter() {
  cd "$build/libavfilter"
  local path name base installed=() target
  # make takes the installed libraries for those that it would build.
  while read -r path; do
    name=${path##*/}
    base=${name%%.so*}
    if [ "$base" = libavfilter ]; then
      target=libavfilter/$name
    elif [ "$base" != libavdevice ]; then
      mkdir -p "$base"
      ln -sfn "$path" "$base/$base.so"
      installed+=(-o "$base/$base.so")
    fi
  done < <(distribution_libraries)
  echo "files to make: $(make -n "${installed[@]}" "$target" 2>/dev/null | grep -cE '^printf "[A-Z0-9]+\\t')"
  make -j "$jobs" "${installed[@]}" "$target"
  in_place "$target" "$build/lib/${target##*/}"
  write_launcher ffmpeg
  write_launcher ffprobe
  has_filters
  names() { "$1" -hide_banner -filters 2>/dev/null | awk '$3 ~ /->/ { print $2 }' | sort; }
  comm -13 <(names "$build/bin/ffmpeg") <(names /usr/bin/ffmpeg) | tr '\n' ' ' >missing
}

# write_launcher NAME: build/bin/NAME, which runs the distribution's program with the libavfilter of ../lib, and
# refuses where the libraries are others than those it was built for: what they share is private to a version.
write_launcher() {
  local files
  mapfile -t files < <(echo "/usr/bin/$1"; distribution_libraries)
  # Programs by their whole names: a PATH may have none of them.
  cat >"$build/libavfilter/$1" <<END_OF_LAUNCHER
#!/bin/sh
# Made by scripts/setup: the distribution's $1 with the hcd filters, which are in ../lib.
if [ "\$(/usr/bin/stat -L -c '%s %Y' ${files[*]} 2>/dev/null)" != '$(stat -L -c '%s %Y' "${files[@]}")' ]; then
  echo "$1: the distribution's FFmpeg has changed since the hcd filters were built for it: run scripts/setup" >&2
  exit 1
fi
here=\$(/usr/bin/readlink -f -- "\$0")
LD_LIBRARY_PATH=\${here%/*}/../lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH} exec /usr/bin/$1 "\$@"
END_OF_LAUNCHER
  chmod +x "$build/libavfilter/$1"
  in_place "$build/libavfilter/$1" "$build/bin/$1"
}

# ---- a whole FFmpeg ----

make_whole_ffmpeg() {
  if [ -z "$ffmpeg_tree" ]; then
    ffmpeg_tree=$build/ffmpeg-src
    step fetch "$(fingerprint ffmpeg)" "$ffmpeg_tree/configure" get_source
  fi
  patch_tree "$ffmpeg_tree"
  # The run path makes the programs find libhcd beside them, wherever both are moved. It is quoted for
  # configure's eval, make and the shell, in this order.
  ffmpeg_options=(
    --cc="$compiler" --disable-autodetect --disable-doc --disable-debug --disable-ffplay --enable-zlib
    --enable-gpl --enable-libx264 --enable-libx265 --enable-libsvtav1 --enable-libdav1d --enable-libhcd
    --extra-ldexeflags="-Wl,--exclude-libs,ALL -Wl,-rpath,'\\\$\\\$ORIGIN/../lib'"
  )
  cuda_options=(--enable-ffnvcodec --enable-nvdec --enable-nvenc --enable-cuvid)
  step configure "$(fingerprint "$ffmpeg_tree" "$ffmpeg_tree/configure" "$ffmpeg_tree/libavfilter/allfilters.c" \
    "$build/lib/pkgconfig/hcd.pc" "${ffmpeg_options[@]}" "${cuda_options[@]}" "$(pkg-config --modversion ffnvcodec 2>&1)")" \
    "$build/ffmpeg-build/ffbuild/config.mak" configure_ffmpeg
  step ffmpeg "$(date +%s.%N)" /nonexistent build_ffmpeg
  grep -q '^#define CONFIG_CUDA 1' "$build/ffmpeg-build/config.h" ||
    printf '%-10s %s\n' '' "lacks nvdec, nvenc and CUDA frames: it wants other headers than those of libffmpeg-nvenc-dev"
}

configure_ffmpeg() {
  # Objects of another tree would be taken for this one's.
  [ "$(readlink "$build/ffmpeg-build/src")" = "$ffmpeg_tree" ] || rm -rf "$build/ffmpeg-build"
  mkdir -p "$build/ffmpeg-build"
  cd "$build/ffmpeg-build"
  # A newer FFmpeg wants newer headers than the distribution may have: then it lacks CUDA, and not all.
  PKG_CONFIG_PATH=$build/lib/pkgconfig "$ffmpeg_tree/configure" "${ffmpeg_options[@]}" "${cuda_options[@]}" ||
    PKG_CONFIG_PATH=$build/lib/pkgconfig "$ffmpeg_tree/configure" "${ffmpeg_options[@]}"
}

build_ffmpeg() {
  cd "$build/ffmpeg-build"
  echo "files to make: $(make -n ffmpeg ffprobe 2>/dev/null | grep -cE '^printf "[A-Z0-9]+\\t')"
  make -j "$jobs" ffmpeg ffprobe
  rm -f "$build"/lib/libavfilter.so.*
  in_place ffmpeg "$build/bin/ffmpeg"
  in_place ffprobe "$build/bin/ffprobe"
  has_filters
}
