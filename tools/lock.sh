#!/usr/bin/env bash
# Renew the three locks: hashes, no addresses. Run it after a change of dependencies in pyproject.toml.
set -eu
cd "$(dirname "$0")/.."
compile() { # OUT ARGS…
  out=$1; shift
  uv pip compile pyproject.toml requirements/build.in "$@" --python-version 3.11 --universal \
    --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file "requirements/$out.txt"
}
compile run
compile dev --group dev --group browser --constraint requirements/run.txt
compile bench --extra bench --group dev --constraint requirements/dev.txt
if grep -nE '://' requirements/*.txt; then echo "a lock carries an address" >&2; exit 1; fi
