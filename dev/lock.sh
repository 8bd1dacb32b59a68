#!/bin/sh
# Makes all lock files again from the requirements*.in, and requirements.txt, what an Airflow image installs, from them.
# One lock serves Python 3.11 and 3.12. Run it when a requirement changes, then run the tests.
set -eu
cd "$(dirname "$0")/.."
dev/bootstrap.sh dev
compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url \
        "$@"
}
compile requirements.in -o requirements.lock
compile requirements-demo.in -o requirements-demo.lock
compile requirements-dev.in --override requirements-dev.overrides -o requirements-dev.lock
compile requirements-bench.in -o requirements-bench.lock
.venv/bin/python -m dev.image_requirements
