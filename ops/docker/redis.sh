#!/bin/sh
# Redis for one user, `upkeep`, whose password is in REDIS_PASSWORD and who cannot administer the server.
set -eu
umask 077
users=${TMPDIR:-/tmp}/users.acl
hash=$(printf %s "$REDIS_PASSWORD" | sha256sum | cut -d ' ' -f 1)
sed "s/PASSWORD_HASH/$hash/" "${3:-/usr/local/share/upkeep/redis.acl}" >"$users"
unset REDIS_PASSWORD
exec redis-server --aclfile "$users" --appendonly yes --save '' --dir "${1:-/data}" --port "${2:-6379}"
