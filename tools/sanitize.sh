#!/bin/sh
# The kernels' tests with the kernels built under AddressSanitizer and UndefinedBehaviorSanitizer.
# Builds into build/sanitize, so that the ordinary build stays as it is. Usage: tools/sanitize.sh PYTHON [pytest options]
set -eu
python=$1
shift
cd "$(dirname "$0")/.."
root=$PWD
out=$root/build/sanitize
rm -rf "$out"
mkdir -p "$out/lib"

REMPART_SANITIZE=1 REMPART_REQUIRE_NATIVE=1 "$python" setup.py --quiet build_ext --build-lib "$out/lib" --build-temp "$out/temp"
(cd src && find rempart -name '*.so' -prune -o -name __pycache__ -prune -o -type f -print | tar -cf - -T -) | tar -xf - -C "$out/lib"

compiler=${CC:-gcc}
preload=
for library in libasan.so libubsan.so libstdc++.so; do
    preload="$preload $("$compiler" -print-file-name=$library)"
done

tests=
for file in tests/unit/signals/test_pdq*.py tests/unit/signals/test_digest*.py tests/unit/signals/test_orientation.py tests/unit/index/test_*hamming*.py; do
    [ -e "$file" ] && tests="$tests $file"
done

# Python keeps some memory to its end on purpose: leaks are not counted, every wrong access is.
export PYTHONPATH="$out/lib" PYTHONMALLOC=malloc REMPART_SANITIZED=1
export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
LD_PRELOAD="$preload" "$python" -c "
import sys
from rempart._native import hammingkernel, pdqkernel, pixelkernel
wrong = [k.__file__ for k in (hammingkernel, pdqkernel, pixelkernel) if not k.__file__.startswith(sys.argv[1])]
sys.exit('not the sanitized build: %s' % wrong if wrong else 0)" "$out"
# A sanitizer ends the process at once: captured by descriptor, its words would be lost.
# shellcheck disable=SC2086
LD_PRELOAD="$preload" "$python" -m pytest -q --capture=sys --timeout 0 -p no:cacheprovider $tests "$@"
