#!/bin/sh
# Runs once, when the database's volume is new: the owner of the schema and the two databases.
# The restricted role of web and worker is made by `provision`, which is why the owner may create roles; backups are
# tested by restoring them into a scratch database, which is why it may create databases.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$OWNER_PASSWORD" --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
CREATE ROLE sottovoce_owner LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE CREATEDB PASSWORD :'password';
CREATE DATABASE sottovoce OWNER sottovoce_owner TEMPLATE template0 ENCODING 'UTF8';
CREATE DATABASE sottovoce_keyring OWNER sottovoce_owner TEMPLATE template0 ENCODING 'UTF8';
SQL
