reader.username IN (session_user::text, current_user::text)
    OR reader.role_oid IN (SELECT oid::bigint FROM pg_catalog.pg_roles WHERE rolname IN (session_user, current_user))
