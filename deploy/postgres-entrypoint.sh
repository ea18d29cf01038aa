#!/bin/bash
# Start Postgres, unless its volume holds a cluster of another major version. The image would create an empty cluster
# beside that one, and the catalog would look healthy and empty.
set -eu

volume=/var/lib/postgresql
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  for file in "$volume"/PG_VERSION "$volume"/*/PG_VERSION "$volume"/*/*/PG_VERSION; do
    [ -s "$file" ] || continue
    {
      echo "The volume holds a database of Postgres $(cat "$file") in $(dirname "$file"); this is $(postgres --version)."
      echo "Nothing was changed. Upgrade it as docs/operations.md says, \"Upgrade Postgres\","
      echo "or begin with an empty volume."
    } >&2
    exit 1
  done
fi
exec docker-entrypoint.sh "$@"
