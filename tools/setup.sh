#!/bin/sh
# Installs what throng's tests need and this machine lacks; with everything in
# place it does nothing. It never asks for a password: what needs root and has
# none is printed as the command to run.
set -eu

cd "$(dirname "$0")/.."
apt_ready=

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: error: %s\n' "$1" >&2
  shift
  for hint in "$@"; do printf '  hint: %s\n' "$hint" >&2; done
  exit 1
}

# debian PACKAGE...: installs as root, or names the command that would.
debian() {
  if ! command -v apt-get >/dev/null 2>&1; then
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    fail "installing $* needs root" "run: sudo apt-get update && sudo apt-get install -y $*" "then run make setup again"
  fi
  if [ -z "$apt_ready" ]; then
    say "apt-get update"
    apt-get update -qq
    apt_ready=yes
  fi
  say "apt-get install $*"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

# at_least MAJOR MINOR VERSION: whether VERSION (1.26.3, go1.26rc1, v20.1) is that or newer.
at_least() {
  version=${3#go}
  version=${version#v}
  major=${version%%.*}
  rest=${version#*.}
  minor=${rest%%[!0-9]*}
  [ "$major" -gt "$1" ] || { [ "$major" -eq "$1" ] && [ "${minor:-0}" -ge "$2" ]; }
}

check_go() {
  command -v go >/dev/null 2>&1 || fail "go is missing" "install Go 1.26 or newer: https://go.dev/dl/"
  version=$(go env GOVERSION) || fail "go env GOVERSION failed" "install Go 1.26 or newer: https://go.dev/dl/"
  at_least 1 26 "$version" || fail "Go 1.26 or newer is needed, this is $version" "https://go.dev/dl/"
}

# playwright-core needs node 20; the phoenix and ws clients would do with 18.
check_node() {
  if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    debian nodejs npm || fail "node or npm is missing" "install Node.js 20 or newer with npm: https://nodejs.org"
  fi
  version=$(node --version)
  at_least 20 0 "$version" || fail "Node.js 20 or newer is needed, this is $version" "https://nodejs.org"
}

check_chromium() {
  if [ -n "${CHROMIUM:-}" ]; then
    command -v "$CHROMIUM" >/dev/null 2>&1 || fail "CHROMIUM=$CHROMIUM cannot be run" "set CHROMIUM=/path/to/chrome"
    return
  fi
  [ ! -x /usr/bin/chromium ] || return 0
  for other in chromium chromium-browser google-chrome google-chrome-stable; do
    if found=$(command -v "$other"); then
      fail "/usr/bin/chromium is missing, but there is $found" "set CHROMIUM=$found"
    fi
  done
  if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" -ne 0 ]; then
    fail "chromium is missing" "run: sudo apt-get update && sudo apt-get install -y chromium" "or set CHROMIUM=/path/to/chrome"
  fi
  debian chromium || fail "chromium is missing" "install Chromium or Chrome and set CHROMIUM=/path/to/chrome"
  # On some systems the package is a mere pointer to another packaging.
  [ -x /usr/bin/chromium ] || fail "the package chromium brought no /usr/bin/chromium" "set CHROMIUM=/path/to/chrome"
}

check_python() {
  command -v python3 >/dev/null 2>&1 || debian python3 || fail "python3 is missing (tools/seqcheck.py needs it)" "install Python 3"
}

# has PROGRAM: also where only root's PATH would find it.
has() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }

# The tests start these proxies themselves. What Debian's packages bring is not to
# run as a service, neither now nor after the next boot.
check_proxies() {
  missing=
  has nginx || missing="nginx-light"
  has haproxy || missing="${missing:+$missing }haproxy"
  [ -n "$missing" ] || return 0
  policy=/usr/sbin/policy-rc.d # asked by packages whether they may start something
  if [ "$(id -u)" -eq 0 ] && [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  else
    policy=
  fi
  # shellcheck disable=SC2086
  debian $missing || fail "$missing: missing" "install nginx 1.22 and HAProxy 2.6 or newer"
  if [ -n "$policy" ]; then
    rm -f "$policy"
    trap - EXIT
  fi
  if command -v systemctl >/dev/null 2>&1; then
    for package in $missing; do
      systemctl disable --quiet "${package%-light}.service" 2>/dev/null || true
    done
  fi
}

# The tests start PostgreSQL servers of their own, in temporary folders; sqlite3 is
# what an operator looks into the file with. Debian's package would make a cluster
# and run it, which nobody asked for.
check_databases() {
  missing=
  command -v sqlite3 >/dev/null 2>&1 || missing="sqlite3"
  found=
  for initdb in /usr/lib/postgresql/*/bin/initdb; do
    [ ! -x "$initdb" ] || found=yes
  done
  command -v initdb >/dev/null 2>&1 && found=yes
  if [ -z "$found" ]; then
    missing="${missing:+$missing }postgresql"
    debian postgresql-common || fail "PostgreSQL is missing" "install PostgreSQL 13 or newer (initdb, postgres, psql)"
    sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  fi
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086
  debian $missing || fail "$missing: missing" "install PostgreSQL 13 or newer (initdb, postgres, psql) and sqlite3"
}

# npm writes node_modules/.package-lock.json last: its age is the installation's.
install_modules() {
  done_at=test/node_modules/.package-lock.json
  if [ -f "$done_at" ] && [ -z "$(find test/package-lock.json -newer "$done_at")" ]; then
    return
  fi
  say "npm ci in test/"
  (cd test && npm ci --ignore-scripts --loglevel=error) || fail "npm ci in test/ failed" "see above; it needs the npm registry"
}

check_go
check_node
check_chromium
check_python
check_proxies
check_databases
install_modules
say "everything is in place"
