#!/bin/sh
# Makes the project's virtual environment hold what the lock files say. A second call with unchanged locks does nothing.
#   dev/bootstrap.sh runtime   what the pipeline and its two shipped datasets need
#   dev/bootstrap.sh dev       that, and what tests and checks need
#   dev/bootstrap.sh bench     that, and the tools that measurements compare with
# PYTHON names the interpreter to start from; without it python3.11, then python3.12, then python3 is tried.
set -eu
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
venv=${VENV:-.venv}

case ${1:-} in
    runtime) locks="requirements.lock requirements-demo.lock" ;;
    dev) locks="requirements.lock requirements-demo.lock requirements-dev.lock" ;;
    bench) locks="requirements.lock requirements-demo.lock requirements-dev.lock requirements-bench.lock" ;;
    *) echo "usage: dev/bootstrap.sh runtime|dev|bench" >&2; exit 2 ;;
esac

say() { echo "$*" >&2; }

is_usable() {
    "$1" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' >/dev/null 2>&1
}

if [ ! -x "$venv/bin/python" ]; then
    found=
    for candidate in ${PYTHON:-python3.11 python3.12 python3}; do
        if is_usable "$candidate"; then found=$candidate; break; fi
    done
    if [ -z "$found" ]; then
        say "No Python 3.11 or 3.12 was found (tried: ${PYTHON:-python3.11 python3.12 python3})."
        say "Install one, e.g. apt-get install python3.11 python3.11-venv, or name it: make install PYTHON=/path/to/python3.11"
        exit 1
    fi
    say "Creating $venv with $found ..."
    if ! "$found" -m venv "$venv" >&2; then
        rm -rf "$venv"
        say "$found cannot create a virtual environment; on Debian and Ubuntu: apt-get install python3-venv"
        exit 1
    fi
fi

# Each set holds the one before it, so it also counts as that one.
digest() {
    for lock in "$@"; do cat "$lock"; done | "$venv/bin/python" -c \
        'import hashlib, sys; print(sys.version_info[:2], hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}
runtime=$(digest requirements.lock requirements-demo.lock)
dev=$(digest requirements.lock requirements-demo.lock requirements-dev.lock)
wanted=$(digest $locks)
stamp=$venv/installed-from
if [ -f "$stamp" ]; then
    grep -qxF "$1 $wanted" "$stamp" && exit 0
fi

arguments=
for lock in $locks; do arguments="$arguments -r $lock"; done

# The locks name every package, so nothing is resolved again (and an override of the lock is not undone).
say "Installing from $locks ..."
if [ ! -x "$venv/bin/uv" ]; then
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" >&2 \
        || say "uv could not be installed; going on with pip, which takes a few minutes."
fi
# shellcheck disable=SC2086  # a list of arguments
if [ ! -x "$venv/bin/uv" ] || ! "$venv/bin/uv" pip install --quiet --no-deps --python "$venv/bin/python" $arguments >&2; then
    [ -x "$venv/bin/uv" ] && say "uv did not manage; trying the same with pip, which takes a few minutes."
    # shellcheck disable=SC2086
    "$venv/bin/python" -m pip install --quiet --no-deps --disable-pip-version-check $arguments >&2
fi
echo "runtime $runtime" > "$stamp"
if [ "$1" != runtime ]; then echo "dev $dev" >> "$stamp"; fi
if [ "$1" = bench ]; then echo "bench $wanted" >> "$stamp"; fi
say "Installed."
