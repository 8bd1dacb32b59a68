#!/bin/sh
# Makes the lock file of the tests' portal anew. One lock serves Python 3.11 and 3.12.
set -eu
cd "$(dirname "$0")"
../../../.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
    --no-emit-index-url --override requirements.overrides requirements.in -o requirements.lock
