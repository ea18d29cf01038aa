#!/bin/sh
# Print the settings of `docker compose up`, with new passwords: deploy/create-env.sh > .env
set -eu
cd "$(dirname "$0")/.."
while IFS= read -r line; do
  case $line in
    *_PASSWORD=) printf '%s%s\n' "$line" "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done < .env.example
