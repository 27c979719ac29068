#!/bin/sh
# Redis for one user, `upkeep`, whose password is in REDIS_PASSWORD and who cannot administer the server.
set -eu
umask 077
rules=${TMPDIR:-/tmp}/users.acl
hash=$(printf %s "$REDIS_PASSWORD" | sha256sum | cut -d ' ' -f 1)
cat >"$rules" <<RULES
user default off
user upkeep on #$hash ~* &* +@all -@admin -@dangerous
RULES
unset REDIS_PASSWORD
exec redis-server --aclfile "$rules" --appendonly yes --save '' --dir "${1:-/data}" --port "${2:-6379}"
