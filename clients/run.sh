#!/bin/sh
# Generate clients from the OpenAPI document of a running service, and test them on it: run.sh http://127.0.0.1:8000
#
# They write with the role editor: as the account in EMAIL and PASSWORD or, without these, as a new one that
# `./catalog` adds to the service of this folder, and that a client deletes at the end.
# Needs Node 20 or later. Generated files are in build/; the clients delete the records that they create.
set -eu
address=${1:?usage: run.sh ADDRESS}
address=${address%/}
cd "$(dirname "$0")"

npm ci --no-audit --no-fund --loglevel=error
rm -rf build

if [ -z "${EMAIL:-}" ]; then
  EMAIL="clients-$(date +%s)-$$@example.com"
  PASSWORD=$(od -An -N 24 -t x1 /dev/urandom | tr -d ' \n')
  echo "$PASSWORD" | ../catalog account add "$EMAIL" --role editor --password-stdin
  delete_account() { node session/delete-account.mjs "$address"; }
  trap delete_account EXIT
fi
export EMAIL PASSWORD

echo "TypeScript ..."
npx openapi-typescript "$address/openapi.json" --output build/catalog.d.ts
npx tsc --project typescript
node build/typescript/client.js "$address"

echo "Postman ..."
mkdir -p build
node postman/make.mjs "$address" build/catalog.postman_collection.json
npx newman run build/catalog.postman_collection.json --reporters cli --reporter-cli-no-banner \
  --global-var "email=$EMAIL" --global-var "password=$PASSWORD"

echo "Browser ..."
node browser/check.mjs "$address"
