-- name: credentials
-- Every credential in force, of all tenants.
SELECT gateway_id, tenant_id, pool_id, secret, key_digest, kind, settings FROM gateways WHERE revoked_at IS NULL

-- name: record_contacts
-- The contacts a gateway has just handed over, with its own keys; a decision may have opened the row before.
INSERT INTO contacts AS c (tenant_id, contact_id, gateway_id, subject, channel, pool_id, partition, opened_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::bigint[])
    AS n (tenant_id, contact_id, gateway_id, subject, channel, pool_id, partition, opened_at)
ORDER BY n.contact_id
ON CONFLICT (contact_id, tenant_id) DO UPDATE SET subject = excluded.subject, gateway_id = excluded.gateway_id
WHERE c.subject IS NULL

-- name: open_contacts
-- Contacts first heard of through a decision.
INSERT INTO contacts (tenant_id, contact_id, gateway_id, channel, pool_id, partition, opened_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::bigint[])
    AS n (tenant_id, contact_id, gateway_id, channel, pool_id, partition, opened_at)
ORDER BY n.contact_id
ON CONFLICT (contact_id, tenant_id) DO NOTHING

-- name: contacts_held
-- Those of the given contacts that are known.
SELECT tenant_id, contact_id, channel, partition, pool_id, gateway_id, subject, opened_at, closed_at IS NULL AS open,
    agent_id, offer_id, callback
FROM contacts WHERE contact_id = ANY($1)

-- name: contact_of_subject
-- The contact a gateway calls by its own key.
SELECT tenant_id, contact_id, channel, partition, pool_id, gateway_id, subject, opened_at, closed_at IS NULL AS open,
    agent_id, offer_id, callback
FROM contacts WHERE contact_id = $1 AND gateway_id = $2

-- name: assign_contacts
-- Who handles them now; the first word is theirs.
UPDATE contacts c SET agent_id = n.agent_id, offer_id = n.offer_id, turn = 'agent'
FROM unnest($1::text[], $2::text[], $3::text[]) AS n (contact_id, agent_id, offer_id) WHERE c.contact_id = n.contact_id

-- name: pass_contacts_on
-- A warm transfer was completed: somebody else handles them.
UPDATE contacts c SET agent_id = n.agent_id, turn = 'agent'
FROM unnest($1::text[], $2::text[]) AS n (contact_id, agent_id) WHERE c.contact_id = n.contact_id

-- name: close_contacts
-- They have ended; a first end stays.
UPDATE contacts c SET closed_at = n.closed_at
FROM unnest($1::text[], $2::bigint[]) AS n (contact_id, closed_at)
WHERE c.contact_id = n.contact_id AND c.closed_at IS NULL

-- name: open_contacts_of_gateway
-- What we believe a gateway still holds, and who handles it.
SELECT tenant_id, contact_id, channel, partition, pool_id, gateway_id, subject, opened_at, true AS open, agent_id, offer_id,
    callback
FROM contacts WHERE gateway_id = $1 AND closed_at IS NULL ORDER BY contact_id

-- name: lock_gateways
-- Take the streams of these gateways in one order, so that writers never wait in a circle and numbers follow commits.
SELECT gateway_id FROM gateways WHERE gateway_id = ANY($1) ORDER BY gateway_id FOR NO KEY UPDATE

-- name: append_events
-- Number and store events of streams locked before.
WITH fresh AS (
    SELECT *, row_number() OVER (PARTITION BY gateway_id ORDER BY place) AS step
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
        WITH ORDINALITY AS n (gateway_id, tenant_id, contact_id, type, body, place)
), moved AS (
    UPDATE gateways g SET last_event = g.last_event + f.many
    FROM (SELECT gateway_id, count(*) AS many FROM fresh GROUP BY gateway_id) f
    WHERE g.gateway_id = f.gateway_id RETURNING g.gateway_id, g.last_event - f.many AS start
), stored AS (
    INSERT INTO events (gateway_id, number, tenant_id, contact_id, type, body)
    SELECT f.gateway_id, m.start + f.step, f.tenant_id, f.contact_id, f.type, f.body
    FROM fresh f JOIN moved m USING (gateway_id)
    RETURNING gateway_id
)
SELECT pg_notify('gateway_events', gateway_id) FROM (SELECT DISTINCT gateway_id FROM stored) s

-- name: events_after
-- The next events of a stream; `settled`: old enough that its contact's own key will not appear any more if it is missing.
SELECT e.number, e.type, e.contact_id, e.body, coalesce(c.subject, a.subject) AS subject,
    e.at < now() - interval '2 seconds' AS settled
FROM events e LEFT JOIN contacts c USING (contact_id, tenant_id) LEFT JOIN attempts a USING (contact_id, tenant_id)
WHERE e.gateway_id = $1 AND e.number > $2 ORDER BY e.number LIMIT $3

-- name: stream_bounds
-- Where a stream ends, and up to where it is no longer kept.
SELECT last_event, pruned_to FROM gateways WHERE gateway_id = $1 AND revoked_at IS NULL

-- name: prune_events
-- Forget events beyond the last $1 of each stream or older than $2 hours; streams remember how far.
WITH gone AS (
    DELETE FROM events e USING gateways g
    WHERE g.gateway_id = e.gateway_id
      AND (e.number <= g.last_event - $1::bigint OR e.at < now() - make_interval(secs => $2::float8 * 3600))
    RETURNING e.gateway_id, e.number
)
UPDATE gateways g SET pruned_to = greatest(g.pruned_to, d.upto)
FROM (SELECT gateway_id, max(number) AS upto FROM gone GROUP BY gateway_id) d WHERE g.gateway_id = d.gateway_id

-- name: forget_signatures
-- Webhook ids no signature can be valid for any more.
DELETE FROM used_signatures WHERE used_at < now() - interval '20 minutes'

-- name: use_signature
-- Remember a webhook id; nothing is inserted when it was used before.
INSERT INTO used_signatures (tenant_id, gateway_id, webhook_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: add_message
-- One message of a conversation; nothing is inserted when it is there already.
INSERT INTO messages (tenant_id, message_id, contact_id, author, agent_id, sent_at, text, attachments, audience)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING

-- name: turn_to
-- It is that side's turn to write now; nothing where it was already, or where nobody speaks with the customer.
UPDATE contacts SET turn = $2 WHERE contact_id = $1 AND turn <> $2 AND closed_at IS NULL AND agent_id IS NOT NULL

-- name: ask_for_rating
-- The customer of a contact is asked; asked again nothing changes.
INSERT INTO ratings (tenant_id, contact_id, scale, asked_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- name: rating
-- What was asked, and answered.
SELECT scale, score FROM ratings WHERE contact_id = $1

-- name: rate
-- The first answer counts; none is taken without having been asked, off the scale, or a day later ($5: asked since, µs).
UPDATE ratings SET score = $2, via = $3, rated_at = $4
WHERE contact_id = $1 AND score IS NULL AND $2 BETWEEN 1 AND scale AND asked_at > $5 RETURNING scale

-- name: message_state
-- What became of a message ($4 delivered, read or failed) at $5; what is read was delivered.
UPDATE messages SET
    delivered_at = CASE WHEN $4 IN ('delivered', 'read') THEN coalesce(delivered_at, $5) ELSE delivered_at END,
    read_at = CASE WHEN $4 = 'read' THEN coalesce(read_at, $5) ELSE read_at END,
    failed_at = CASE WHEN $4 = 'failed' THEN coalesce(failed_at, $5) ELSE failed_at END
WHERE tenant_id = $1 AND message_id = $2 AND contact_id = $3
  AND CASE $4 WHEN 'read' THEN read_at WHEN 'failed' THEN failed_at ELSE delivered_at END IS NULL

-- name: conversation
-- A contact's messages in the order of the conversation, after a place; a chat goes on with what its visitor wrote before.
WITH RECURSIVE talk (contact_id, continues) AS (
    SELECT $1::text, (SELECT continues FROM visits WHERE contact_id = $1)
    UNION SELECT v.contact_id, v.continues FROM visits v JOIN talk t ON v.contact_id = t.continues
)
SELECT place, message_id, contact_id, author, agent_id, sent_at, text, attachments, audience,
    CASE WHEN failed_at IS NOT NULL THEN 'failed' WHEN read_at IS NOT NULL THEN 'read'
         WHEN delivered_at IS NOT NULL THEN 'delivered' END AS state
FROM messages WHERE contact_id IN (SELECT contact_id FROM talk) AND place > $2 ORDER BY place LIMIT $3

-- name: visitor_page
-- The page the visitor of a chat was last seen on, and where the answer to a message left goes.
SELECT page_url AS url, page_title AS title, page_at AS at, answer_to FROM visits WHERE contact_id = $1

-- name: add_command
-- A command and what became of it; nothing is inserted when it was decided before.
INSERT INTO commands (tenant_id, command_id, contact_id, type, outcome, decided_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING

-- name: beat
-- A gateway that keeps a lease was heard of.
UPDATE gateways SET heard_at = now(), lost_at = NULL WHERE gateway_id = $1

-- name: beat_if_leased
-- An open stream renews the lease of a gateway that keeps one.
UPDATE gateways SET heard_at = now(), lost_at = NULL WHERE gateway_id = $1 AND heard_at IS NOT NULL

-- name: give_up_lease
-- The gateway leaves in order: its silence means nothing from now on.
UPDATE gateways SET heard_at = NULL, lost_at = NULL WHERE gateway_id = $1

-- name: claim_lost_leases
-- Gateways not heard of for $1 seconds whose loss nobody has acted upon.
UPDATE gateways SET lost_at = now()
WHERE heard_at < now() - make_interval(secs => $1) AND lost_at IS NULL AND revoked_at IS NULL
RETURNING gateway_id

-- name: add_gateway
-- A new credential; the secret is written once and never read through the API role.
INSERT INTO gateways (gateway_id, tenant_id, title, pool_id, secret, key_digest, kind, settings)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: set_up_gateway
-- New settings of an adapter, which starts anew with them.
UPDATE gateways SET settings = $2 WHERE gateway_id = $1 AND revoked_at IS NULL AND kind <> 'outside'

-- name: read_to
-- How far an adapter has read its stream.
SELECT read_to FROM gateways WHERE gateway_id = $1

-- name: carried_out
-- It has come further.
UPDATE gateways SET read_to = $2 WHERE gateway_id = $1 AND read_to < $2

-- name: endpoints
-- Where the phones of a tenant's agents (or of one) ring.
SELECT agent_id, kind, address, auto_answer FROM endpoints
WHERE tenant_id = $1 AND ($2::text IS NULL OR agent_id = $2) ORDER BY agent_id

-- name: set_endpoint
-- An agent's phone, new or changed.
INSERT INTO endpoints (tenant_id, agent_id, kind, address, auto_answer) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, agent_id) DO UPDATE
SET kind = excluded.kind, address = excluded.address, auto_answer = excluded.auto_answer, changed_at = now()

-- name: remove_endpoint
-- The agent has no phone.
DELETE FROM endpoints WHERE tenant_id = $1 AND agent_id = $2

-- name: ask
-- A text conversation is at this prompt; an earlier one is replaced.
INSERT INTO prompts (tenant_id, contact_id, step, choices) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, contact_id) DO UPDATE SET step = excluded.step, choices = excluded.choices

-- name: take_question
-- The prompt a conversation is at; it is answered hereby.
DELETE FROM prompts WHERE tenant_id = $1 AND contact_id = $2 RETURNING step, choices

-- name: gateways
-- The tenant's gateways, oldest key first.
SELECT gateway_id, title, kind, pool_id, created_at, revoked_at, heard_at, lost_at FROM gateways
WHERE gateway_id > $1 ORDER BY gateway_id LIMIT $2

-- name: renew_gateway
-- New secret and key; the old ones are refused from the next refresh on.
UPDATE gateways SET secret = $2, key_digest = $3 WHERE gateway_id = $1 AND revoked_at IS NULL

-- name: revoke_gateway
-- The credential is no longer believed.
UPDATE gateways SET revoked_at = now() WHERE gateway_id = $1 AND revoked_at IS NULL

-- name: add_file
-- A deposited document; nothing is inserted when the same deposit was stored before.
INSERT INTO files (tenant_id, file_id, gateway_id, contact_id, media_type, pages, body, name)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING

-- name: add_pages
-- Page images of a document, numbered from 1.
INSERT INTO file_pages (tenant_id, file_id, page, png)
SELECT $1, $2, n.page, n.png FROM unnest($3::bytea[]) WITH ORDINALITY AS n (png, page) ON CONFLICT DO NOTHING

-- name: file
-- The document as it was deposited.
SELECT media_type, pages, body, name FROM files WHERE file_id = $1

-- name: page
-- One page as an image.
SELECT png FROM file_pages WHERE file_id = $1 AND page = $2

-- name: recall
-- An adapter's note.
SELECT value, version FROM notes WHERE gateway_id = $1 AND key = $2

-- name: remember
-- Write a note; $6: only if its version is that (0: none is there yet).
INSERT INTO notes AS n (tenant_id, gateway_id, key, value, kept_until)
SELECT $1, $2, $3, $4, now() + make_interval(secs => $5::float8 * 86400)
WHERE coalesce($6::int, 0) = 0 OR EXISTS (SELECT FROM notes o WHERE o.gateway_id = $2 AND o.key = $3)
ON CONFLICT (gateway_id, key) DO UPDATE
SET value = excluded.value, version = n.version + 1, kept_until = excluded.kept_until
WHERE $6::int IS NULL OR n.version = $6
RETURNING pg_notify('gateway_events', n.gateway_id || ' ' || n.key)

-- name: forget_notes
-- Notes nobody will ask for any more.
DELETE FROM notes WHERE kept_until < now()
