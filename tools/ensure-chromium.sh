#!/usr/bin/env bash
# The browser tests use Debian's Chromium; install it where that is allowed, else say what is missing: they are
# skipped then, unless REQUIRE_CHROMIUM is set, as on CI.
set -eu
if [ -n "${REMPART_CHROMIUM:-}" ] || command -v chromium google-chrome >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
  exit 0
fi
echo "The browser tests need Chromium: run 'apt-get install chromium' as root. Without it they are skipped." >&2
[ -z "${REQUIRE_CHROMIUM:-}" ]
