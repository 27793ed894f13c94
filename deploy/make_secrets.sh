#!/bin/sh
# Makes what is missing of the secrets that docker-compose.yml reads, in deploy/secrets. Never overwrites one.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
digits() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
keep() { [ -e "secrets/$1" ] || printf %s "$2" > "secrets/$1"; }
keep postgres_password "$(digits 24)"
keep gradeline_password "$(digits 24)"
keep gradeline_postgres "postgresql://gradeline_rt:$(cat secrets/gradeline_password)@postgres:5432/gradeline"
keep gradeline_history_token ""  # a bearer token with the scope audit:read, where exposure begins on an old installation
keep master_key "$(digits 32)"
chmod 0444 secrets/*  # they are mounted as they are, and read by users of the containers
chmod 0700 secrets
