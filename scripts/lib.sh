# Shared by scripts/build, scripts/run and scripts/test: what the product needs from Debian 12.
# Sourced, not run. Sets `root`, the repository's folder.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

build_packages=(
  g++ cmake ninja-build pkg-config ccache tzdata
  libboost1.81-dev libboost-json1.81-dev
  libboost-system1.81-dev libsimdjson-dev libyaml-cpp-dev libfmt-dev libcli11-dev
  libhowardhinnant-date-dev libjemalloc-dev libre2-dev liblz4-dev librocksdb-dev librdkafka-dev libcurl4-openssl-dev libssl-dev zlib1g-dev
  prometheus-cpp-dev libgtest-dev libgmock-dev libbenchmark-dev
)
# kcat, wrk, python3-aiosmtpd, Prometheus, Alertmanager, Chromium: real peers that tests talk to.
test_packages=(
  python3 python3-yaml python3-jsonschema python3-aiosmtpd python3-confluent-kafka kcat wrk curl patch clang-format-14
  prometheus prometheus-alertmanager chromium fonts-noto-cjk
)
# These often come from elsewhere than Debian: the command counts.
command -v node >/dev/null || test_packages+=(nodejs)
command -v npm >/dev/null || test_packages+=(npm)
command -v java >/dev/null || test_packages+=(openjdk-17-jre-headless)
command -v mvn >/dev/null || test_packages+=(maven)
clang_packages=(clang-14 libclang-rt-14-dev)

# Objects are found again from another checkout of the same sources.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
say() { printf '%s== %s%s\n' "$bold" "$*" "$plain"; }
fail() { echo "$(basename "$0"): $*" >&2; exit 1; }

missing_packages() {  # PACKAGE… -> those that are not installed
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] || echo "$package"
  done
}

# Installs what is missing, as root or with sudo. Fails, and says what to type, when it cannot.
need_packages() {  # WHAT-FOR PACKAGE…
  local purpose=$1 missing as_root=() log package
  shift
  command -v dpkg-query >/dev/null || {
    echo "Not a Debian system: make sure that these are there (names of Debian 12): $*"
    return 0
  }
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} = 0 ] && return 0
  say "Installing ${#missing[@]} packages $purpose: ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "please install them as root: apt-get install --no-install-recommends ${missing[*]}" >&2
      return 1
    }
    as_root=(sudo)
  fi
  log=$(mktemp)
  "${as_root[@]}" apt-get update -qq || echo "apt-get update failed; trying with what is known" >&2
  # All at once, and one by one when that fails: one that cannot be had must not keep the others out.
  for package in "${missing[*]}" "${missing[@]}"; do
    # shellcheck disable=SC2086  # the first of them is a list
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $package >>"$log" 2>&1 &&
      [ "$package" = "${missing[*]}" ] && break
  done
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} = 0 ] || {
    grep -E '^E:|unmet|Depends|Conflicts' "$log" | tail -10 >&2
    echo "could not install: ${missing[*]}" >&2
  }
  rm -f "$log"
  [ ${#missing[@]} = 0 ]
}

configure() {  # PRESET CMAKE-OPTION…
  local preset=$1 log
  shift
  log="$root/build/$preset.configure.log"
  mkdir -p "$root/build"
  (cd "$root" && cmake --preset "$preset" "$@") >"$log" 2>&1 || {
    tail -30 "$log" >&2
    echo "configuring $preset failed" >&2
    return 1
  }
}

# Compiles with a line of progress every few seconds at most, and everything on a failure.
build() {  # PRESET TARGET…
  local preset=$1
  shift
  NINJA_STATUS='[%f/%t %es] ' cmake --build "$root/build/$preset" --target "$@"
}
