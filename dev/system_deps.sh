#!/bin/sh
# Installs the system packages of packages-dev.txt that are missing: as root, or through sudo. Does nothing when all are
# there. `make refresh` needs none of them; the tests need real databases and a browser.
set -eu
cd "$(dirname "$0")/.."

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
    if ! command -v apt-get >/dev/null; then
        echo "These packages are missing and there is no apt-get to install them:$missing" >&2
        exit 1
    fi
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "Missing:$missing. Run as root: apt-get install$missing" >&2
            exit 1
        fi
        as_root="sudo DEBIAN_FRONTEND=noninteractive"
    fi
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq
    # shellcheck disable=SC2086  # a list of packages
    $as_root apt-get install -y -qq --no-install-recommends $missing
fi

if [ -n "$browser" ] && ! find "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}" -maxdepth 1 -name 'chromium-*' 2>/dev/null | grep -q .; then
    dev/bootstrap.sh dev
    .venv/bin/playwright install --with-deps chromium
fi
