#!/bin/sh
# Postgres for the tests: found, or installed as root, or asked for.
set -eu
if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get -qq update
    # The package would start a server of its own, which nobody needs here.
    mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends postgresql >/dev/null
    exit 0
fi
echo "The tests need Postgres' programs (initdb, postgres). On Debian: apt-get install postgresql" >&2
exit 1
