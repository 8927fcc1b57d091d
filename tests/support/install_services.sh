#!/bin/sh
# Installs what the tests talk to and no wheel brings: Java and Maven (for Apache Kafka) and a PostgreSQL server.
# As root on a Debian-like system it installs what is missing; otherwise it says which command does.
set -eu

missing=""
command -v java >/dev/null 2>&1 || missing="$missing openjdk-17-jre-headless"
command -v mvn >/dev/null 2>&1 || missing="$missing maven"
if ! command -v postgres >/dev/null 2>&1 && ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
    missing="$missing postgresql"
fi
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing for the tests:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # the list is meant to be split
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Missing for the tests:$missing" >&2
    echo "Install them with: sudo apt-get install$missing" >&2
    echo "Tests that need them will be skipped and say so." >&2
fi
