-- name: user_by_name
-- Who signs in under this name (case does not matter).
SELECT user_id, sign_in_name, display_name, password_hash, roles, agent_id, teams, sites, language, active
FROM users WHERE lower(sign_in_name) = lower($1)

-- name: user_by_id
SELECT user_id, sign_in_name, display_name, password_hash, roles, agent_id, teams, sites, language, active
FROM users WHERE user_id = $1

-- name: set_password
UPDATE users SET password_hash = $2, version = version + 1, changed_at = now() WHERE user_id = $1

-- name: begin_session
INSERT INTO sessions (tenant_id, digest, user_id) VALUES (current_setting('ucc.tenant'), $1, $2)

-- name: use_session
-- The user of a standing session; using it moves its idle limit. $2 idle seconds, $3 longest life in seconds.
UPDATE sessions SET used_at = now()
WHERE digest = $1 AND ended_at IS NULL AND used_at > now() - make_interval(secs => $2)
  AND started_at > now() - make_interval(secs => $3)
RETURNING user_id

-- name: end_session
UPDATE sessions SET ended_at = now() WHERE digest = $1 AND ended_at IS NULL RETURNING user_id

-- name: end_sessions_of
UPDATE sessions SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL AND digest <> $2

-- name: audit
INSERT INTO audit (tenant_id, actor, action, subject_kind, subject_id, before, after)
VALUES (current_setting('ucc.tenant'), $1, $2, $3, $4, $5, $6)

-- name: select_audit
-- Newest first; $1 kind, $2 id (either may be null), $3 before this audit id, $4 limit.
SELECT a.audit_id, a.at, a.actor, u.display_name AS actor_name, a.action, a.subject_kind, a.subject_id, a.before, a.after
FROM audit a LEFT JOIN users u ON u.tenant_id = a.tenant_id AND u.user_id = a.actor
WHERE ($1::text IS NULL OR a.subject_kind = $1) AND ($2::text IS NULL OR a.subject_id = $2) AND a.audit_id < $3
ORDER BY a.audit_id DESC LIMIT $4

-- name: select_teams
-- One by id ($1), or a page after $2 whose name or id holds $3; at most $4. The other kinds likewise.
SELECT team_id, name, version, changed_at FROM teams
WHERE ($1::text IS NULL OR team_id = $1) AND team_id > $2
  AND (strpos(lower(name), lower($3)) > 0 OR strpos(lower(team_id), lower($3)) > 0)
ORDER BY team_id LIMIT $4

-- name: insert_teams
INSERT INTO teams (tenant_id, team_id, name)
SELECT current_setting('ucc.tenant'), i.team_id, i.name FROM jsonb_to_record($1) AS i(team_id text, name text)

-- name: update_teams
-- The whole item, if it still has version $2. The other kinds likewise.
UPDATE teams t SET name = i.name, version = t.version + 1, changed_at = now()
FROM jsonb_to_record($1) AS i(team_id text, name text) WHERE t.team_id = i.team_id AND t.version = $2

-- name: delete_teams
DELETE FROM teams WHERE team_id = $1 AND version = $2

-- name: select_sites
SELECT site_id, name, district, number, hours, version, changed_at FROM sites
WHERE ($1::text IS NULL OR site_id = $1) AND site_id > $2
  AND (strpos(lower(name), lower($3)) > 0 OR strpos(lower(site_id), lower($3)) > 0)
ORDER BY site_id LIMIT $4

-- name: insert_sites
INSERT INTO sites (tenant_id, site_id, name, district, number, hours)
SELECT current_setting('ucc.tenant'), i.site_id, i.name, i.district, i.number, i.hours
FROM jsonb_to_record($1) AS i(site_id text, name text, district text, number text, hours jsonb)

-- name: update_sites
UPDATE sites s SET name = i.name, district = i.district, number = i.number, hours = i.hours, version = s.version + 1,
  changed_at = now()
FROM jsonb_to_record($1) AS i(site_id text, name text, district text, number text, hours jsonb)
WHERE s.site_id = i.site_id AND s.version = $2

-- name: delete_sites
DELETE FROM sites WHERE site_id = $1 AND version = $2

-- name: select_skills
SELECT skill, name, kind, version, changed_at FROM skills
WHERE ($1::text IS NULL OR skill = $1) AND skill > $2
  AND (strpos(lower(skill), lower($3)) > 0 OR strpos(lower(name ->> 'zh'), lower($3)) > 0
    OR strpos(lower(name ->> 'en'), lower($3)) > 0)
ORDER BY skill LIMIT $4

-- name: insert_skills
INSERT INTO skills (tenant_id, skill, name, kind)
SELECT current_setting('ucc.tenant'), i.skill, i.name, i.kind
FROM jsonb_to_record($1) AS i(skill text, name jsonb, kind text)

-- name: update_skills
UPDATE skills s SET name = i.name, kind = i.kind, version = s.version + 1, changed_at = now()
FROM jsonb_to_record($1) AS i(skill text, name jsonb, kind text) WHERE s.skill = i.skill AND s.version = $2

-- name: delete_skills
DELETE FROM skills WHERE skill = $1 AND version = $2

-- name: select_skill_profiles
SELECT p.profile_id, p.name, p.version, p.changed_at,
  coalesce((SELECT jsonb_agg(jsonb_build_object('skill', s.skill, 'level', s.level) ORDER BY s.skill)
            FROM profile_skills s WHERE s.profile_id = p.profile_id), '[]') AS skills
FROM skill_profiles p
WHERE ($1::text IS NULL OR p.profile_id = $1) AND p.profile_id > $2
  AND (strpos(lower(p.name), lower($3)) > 0 OR strpos(lower(p.profile_id), lower($3)) > 0)
ORDER BY p.profile_id LIMIT $4

-- name: insert_skill_profiles
INSERT INTO skill_profiles (tenant_id, profile_id, name)
SELECT current_setting('ucc.tenant'), i.profile_id, i.name FROM jsonb_to_record($1) AS i(profile_id text, name text)

-- name: update_skill_profiles
UPDATE skill_profiles p SET name = i.name, version = p.version + 1, changed_at = now()
FROM jsonb_to_record($1) AS i(profile_id text, name text) WHERE p.profile_id = i.profile_id AND p.version = $2

-- name: delete_skill_profiles
DELETE FROM skill_profiles WHERE profile_id = $1 AND version = $2

-- name: clear_profile_skills
DELETE FROM profile_skills WHERE profile_id = $1

-- name: add_profile_skills
INSERT INTO profile_skills (tenant_id, profile_id, skill, level)
SELECT current_setting('ucc.tenant'), $1, s.skill, s.level FROM jsonb_to_recordset($2) AS s(skill text, level int)

-- name: select_agents
SELECT a.agent_id, a.display_name, a.pool_id AS pool, a.capacity, a.active, a.version, a.changed_at,
  ARRAY(SELECT t.team_id FROM agent_teams t WHERE t.agent_id = a.agent_id ORDER BY 1) AS teams,
  ARRAY(SELECT s.site_id FROM agent_sites s WHERE s.agent_id = a.agent_id ORDER BY 1) AS sites,
  coalesce((SELECT jsonb_agg(jsonb_build_object('skill', k.skill, 'level', k.level, 'expires_at', k.expires_at) ORDER BY k.skill)
            FROM agent_skills k WHERE k.agent_id = a.agent_id), '[]') AS skills
FROM agents a
WHERE ($1::text IS NULL OR a.agent_id = $1) AND a.agent_id > $2
  AND (strpos(lower(a.display_name), lower($3)) > 0 OR strpos(lower(a.agent_id), lower($3)) > 0)
ORDER BY a.agent_id LIMIT $4

-- name: insert_agents
INSERT INTO agents (tenant_id, agent_id, display_name, pool_id, capacity, active)
SELECT current_setting('ucc.tenant'), i.agent_id, i.display_name, i.pool, i.capacity, i.active
FROM jsonb_to_record($1) AS i(agent_id text, display_name text, pool text, capacity jsonb, active boolean)

-- name: update_agents
UPDATE agents a SET display_name = i.display_name, pool_id = i.pool, capacity = i.capacity, active = i.active,
  version = a.version + 1, changed_at = now()
FROM jsonb_to_record($1) AS i(agent_id text, display_name text, pool text, capacity jsonb, active boolean)
WHERE a.agent_id = i.agent_id AND a.version = $2

-- name: clear_agent_skills
DELETE FROM agent_skills WHERE agent_id = $1

-- name: add_agent_skills
INSERT INTO agent_skills (tenant_id, agent_id, skill, level, expires_at)
SELECT current_setting('ucc.tenant'), $1, s.skill, s.level, s.expires_at
FROM jsonb_to_recordset($2) AS s(skill text, level int, expires_at timestamptz)

-- name: clear_agent_teams
DELETE FROM agent_teams WHERE agent_id = $1

-- name: add_agent_teams
INSERT INTO agent_teams (tenant_id, agent_id, team_id)
SELECT current_setting('ucc.tenant'), $1, u.team_id FROM unnest($2::text[]) AS u(team_id) GROUP BY u.team_id

-- name: clear_agent_sites
DELETE FROM agent_sites WHERE agent_id = $1

-- name: add_agent_sites
INSERT INTO agent_sites (tenant_id, agent_id, site_id)
SELECT current_setting('ucc.tenant'), $1, u.site_id FROM unnest($2::text[]) AS u(site_id) GROUP BY u.site_id

-- name: agents_of
-- Active agents by ids ($1), of a team ($2) or of a site ($3), locked for a change in bulk.
SELECT a.agent_id FROM agents a
WHERE a.active AND (a.agent_id = ANY($1::text[])
  OR EXISTS (SELECT 1 FROM agent_teams t WHERE t.agent_id = a.agent_id AND t.team_id = $2)
  OR EXISTS (SELECT 1 FROM agent_sites s WHERE s.agent_id = a.agent_id AND s.site_id = $3))
ORDER BY a.agent_id FOR UPDATE

-- name: touch_agent
UPDATE agents SET version = version + 1, changed_at = now() WHERE agent_id = $1

-- name: select_users
SELECT user_id, sign_in_name AS "user", display_name, roles, agent_id, teams, sites, language, active, version, changed_at
FROM users
WHERE ($1::text IS NULL OR user_id = $1) AND user_id > $2
  AND (strpos(lower(display_name), lower($3)) > 0 OR strpos(lower(sign_in_name), lower($3)) > 0)
ORDER BY user_id LIMIT $4

-- name: insert_users
INSERT INTO users (tenant_id, user_id, sign_in_name, display_name, password_hash, roles, agent_id, teams, sites, language, active)
SELECT current_setting('ucc.tenant'), i.user_id, i."user", i.display_name, i.password_hash, i.roles, i.agent_id, i.teams,
  i.sites, i.language, i.active
FROM jsonb_to_record($1) AS i(user_id text, "user" text, display_name text, password_hash text, roles text[], agent_id text,
  teams text[], sites text[], language text, active boolean)

-- name: update_users
-- Without a new password the old one stays.
UPDATE users u SET sign_in_name = i."user", display_name = i.display_name, password_hash = coalesce(i.password_hash, u.password_hash),
  roles = i.roles, agent_id = i.agent_id, teams = i.teams, sites = i.sites, language = i.language, active = i.active,
  version = u.version + 1, changed_at = now()
FROM jsonb_to_record($1) AS i(user_id text, "user" text, display_name text, password_hash text, roles text[], agent_id text,
  teams text[], sites text[], language text, active boolean)
WHERE u.user_id = i.user_id AND u.version = $2

-- name: catalogue_agents
SELECT a.agent_id, a.display_name AS name,
  ARRAY(SELECT t.team_id FROM agent_teams t WHERE t.agent_id = a.agent_id ORDER BY 1) AS teams,
  ARRAY(SELECT s.site_id FROM agent_sites s WHERE s.agent_id = a.agent_id ORDER BY 1) AS sites
FROM agents a ORDER BY a.agent_id

-- name: catalogue_names
-- Names of teams, sites and skills in one answer.
SELECT 'teams' AS kind, team_id AS id, to_jsonb(name) AS name FROM teams
UNION ALL SELECT 'sites', site_id, to_jsonb(name) FROM sites
UNION ALL SELECT 'skills', skill, name FROM skills
ORDER BY 1, 2

-- name: open_lease
INSERT INTO page_leases (tenant_id, agent_id, session_id) VALUES (current_setting('ucc.tenant'), $1, $2)
ON CONFLICT (tenant_id, agent_id) DO UPDATE SET session_id = $2, seen_at = now(), stage = 'present'

-- name: lease_of
SELECT session_id, stage FROM page_leases WHERE agent_id = $1

-- name: close_lease
DELETE FROM page_leases WHERE agent_id = $1

-- name: keep_leases
-- Heartbeats of the last second in one go ($1 tenants, $2 agents, side by side).
UPDATE page_leases l SET seen_at = now()
FROM unnest($1::text[], $2::text[]) AS h(tenant_id, agent_id)
WHERE l.tenant_id = h.tenant_id AND l.agent_id = h.agent_id

-- name: returned_leases
-- Pages that are back: heard of again after EndpointLost was told.
UPDATE page_leases SET stage = 'present' WHERE stage <> 'present' AND seen_at > now() - make_interval(secs => $1)
RETURNING tenant_id, agent_id, session_id

-- name: silent_leases
-- Leases silent for $1 seconds move from stage $2 to stage $3; one instance gets each.
UPDATE page_leases SET stage = $3 WHERE stage = $2 AND seen_at <= now() - make_interval(secs => $1)
RETURNING tenant_id, agent_id, session_id

-- name: forgotten_leases
DELETE FROM page_leases WHERE stage = 'disconnected' AND seen_at <= now() - make_interval(secs => $1)
RETURNING tenant_id, agent_id, session_id

-- name: pools_of_agents
-- Pool of each of these agents ($1 tenants, $2 agents, side by side).
SELECT a.tenant_id, a.agent_id, a.pool_id
FROM agents a JOIN unnest($1::text[], $2::text[]) AS h(tenant_id, agent_id) USING (tenant_id, agent_id)

-- name: read_checkpoints
SELECT partition, sequence, epoch, state FROM checkpoints WHERE shape = $1

-- name: write_checkpoint
INSERT INTO checkpoints AS c (partition, sequence, epoch, shape, state) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (partition) DO UPDATE SET sequence = $2, epoch = $3, shape = $4, state = $5, written_at = now()
WHERE c.sequence < $2 OR c.shape <> $4

-- name: drop_checkpoints
DELETE FROM checkpoints
