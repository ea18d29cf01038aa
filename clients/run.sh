#!/bin/sh
# Make clients from the OpenAPI document of a running service, and use them on it: run.sh http://127.0.0.1:8000
# Needs Node 20 or later. What is made, and the catalog's records made by the clients, are gone or in build/ afterwards.
set -eu
address=${1:?usage: run.sh ADDRESS}
address=${address%/}
cd "$(dirname "$0")"

npm ci --no-audit --no-fund --loglevel=error
rm -rf build

echo "TypeScript ..."
npx openapi-typescript "$address/openapi.json" --output build/catalog.d.ts
npx tsc --project typescript
node build/typescript/client.js "$address"

echo "Postman ..."
mkdir -p build
node postman/make.mjs "$address" build/catalog.postman_collection.json
npx newman run build/catalog.postman_collection.json --reporters cli --reporter-cli-no-banner

echo "Browser ..."
node browser/check.mjs "$address"
