#!/bin/bash
# Create the two roles that the catalog signs in as, and give each what it needs. Repeatable: it also sets new passwords,
# and brings a volume along whose tables the superuser owns.
#
#   catalog_owner    owns the tables, and migrates them; no superuser
#   catalog_service  reads and writes rows
#
# The image of Postgres runs this once for a new volume. For an older one:
#   docker compose exec db bash /deploy/create-roles.sh
set -eu

psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set owner_password="$OWNER_PASSWORD" --set service_password="$SERVICE_PASSWORD" --set database="$POSTGRES_DB" <<'SQL'
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['catalog_owner', 'catalog_service']) AS name
WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec
ALTER ROLE catalog_owner LOGIN NOSUPERUSER PASSWORD :'owner_password';
ALTER ROLE catalog_service LOGIN NOSUPERUSER PASSWORD :'service_password';

ALTER DATABASE :"database" OWNER TO catalog_owner;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
-- For GET /ops/statements. Its library is loaded by the command of the service `db` in docker-compose.yml.
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO catalog_service;

-- What an earlier version created as the superuser; members of extensions stay as they are.
SELECT format('ALTER %s %s OWNER TO catalog_owner', kind, name)
FROM (
    SELECT 'TABLE' AS kind, oid::regclass::text AS name, oid FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT 'FUNCTION', oid::regprocedure::text, oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'TEXT SEARCH CONFIGURATION', oid::regconfig::text, oid FROM pg_ts_config
    WHERE cfgnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'TEXT SEARCH DICTIONARY', oid::regdictionary::text, oid FROM pg_ts_dict
    WHERE dictnamespace = 'public'::regnamespace
) AS object
WHERE NOT EXISTS (SELECT FROM pg_depend WHERE objid = object.oid AND deptype = 'e') \gexec

-- MAINTAIN is for ANALYZE, which an import runs when it has stored many rows.
GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON ALL TABLES IN SCHEMA public TO catalog_service;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO catalog_service;
ALTER DEFAULT PRIVILEGES FOR ROLE catalog_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON TABLES TO catalog_service;
ALTER DEFAULT PRIVILEGES FOR ROLE catalog_owner IN SCHEMA public
    GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO catalog_service;
SQL
