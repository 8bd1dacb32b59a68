#!/bin/sh
# Installs the system packages of packages-dev.txt that are missing: as root, or through sudo, saying which and why. Does
# nothing when all are there. `make refresh` needs none of them; the tests need real databases and a browser.
set -eu
cd "$(dirname "$0")/.."

say() { echo "$*" >&2; }
why() { sed -n "s/^$1[[:space:]]*#[[:space:]]*//p" packages-dev.txt; }

missing=
browser=
for package in $(sed -e 's/#.*//' packages-dev.txt); do
    if dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then continue; fi
    # Ubuntu's chromium is only a door to a snap, which a container cannot open: there Playwright brings the browser.
    if [ "$package" = chromium ] && grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null; then
        browser=playwright
        continue
    fi
    missing="$missing $package"
done

if [ -n "$missing" ]; then
    say "The tests need system packages that are missing:"
    for package in $missing; do say "  $package: $(why "$package")"; done
    if ! command -v apt-get >/dev/null; then
        say "There is no apt-get here. Install these, or what your system calls them, and run make test again:$missing"
        exit 1
    fi
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "Run this as root, then make test again: apt-get install$missing"
            exit 1
        fi
        as_root="sudo DEBIAN_FRONTEND=noninteractive"
    fi
    export DEBIAN_FRONTEND=noninteractive
    say "Installing them with apt-get${as_root:+ through sudo} ..."
    $as_root apt-get update -qq >&2
    # shellcheck disable=SC2086  # a list of packages
    $as_root apt-get install -y -qq --no-install-recommends $missing >&2
fi

if [ -n "$browser" ] && ! find "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}" -maxdepth 1 -name 'chromium-*' 2>/dev/null | grep -q .; then
    dev/bootstrap.sh dev
    say "Installing Chromium through Playwright ..."
    .venv/bin/playwright install --with-deps chromium
fi
