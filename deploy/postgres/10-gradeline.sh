#!/bin/sh
# Run once by the image of PostgreSQL on an empty volume: the role that Gradeline works under, and its database.
# The role is no superuser, and cannot pass row security by; Gradeline refuses to run under one that can.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --set password="$(cat "${SECRETS:-/run/secrets}/gradeline_password")" <<'SQL'
create role gradeline_rt login nosuperuser nobypassrls nocreatedb nocreaterole noreplication password :'password';
create database gradeline owner gradeline_rt template template0 encoding 'UTF8';
SQL
