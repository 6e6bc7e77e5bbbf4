-- name: customers_with_identity
-- Distinct customers who have the address under one of the kinds; six at most (five are shown, more are counted as more).
SELECT DISTINCT customer_id FROM identities WHERE tenant_id = $1 AND value = $2 AND kind = ANY ($3) ORDER BY customer_id LIMIT 6

-- name: card_of_customer
-- The customer's version and its card, if that is of this version.
SELECT u.version, k.built_on, k.card FROM customers u
LEFT JOIN cards k ON (k.tenant_id, k.customer_id, k.version) = (u.tenant_id, u.customer_id, u.version)
WHERE u.tenant_id = $1 AND u.customer_id = $2

-- name: known_of_customer
-- Everything a card is made of, in one snapshot; lists as JSON, newest first.
SELECT u.customer_id, u.version, u.name, u.tier, u.language, u.account_owner, u.preferences, u.note, u.created_at,
  (SELECT coalesce(jsonb_agg(to_jsonb(i) ORDER BY i.kind, i.value), '[]') FROM identities i
    WHERE (i.tenant_id, i.customer_id) = (u.tenant_id, u.customer_id)) AS identities,
  (SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d.signed_on DESC NULLS LAST, d.deal_id), '[]') FROM deals d
    WHERE (d.tenant_id, d.customer_id) = (u.tenant_id, u.customer_id)) AS deals,
  (SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.arrived_at DESC, c.contact_id DESC), '[]') FROM (
    SELECT * FROM contacts c WHERE (c.tenant_id, c.customer_id) = (u.tenant_id, u.customer_id) AND c.closed_at IS NOT NULL
     ORDER BY c.arrived_at DESC, c.contact_id DESC LIMIT 30) c) AS contacts,
  (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.opened_at DESC, s.case_id), '[]') FROM cases s
    WHERE (s.tenant_id, s.customer_id) = (u.tenant_id, u.customer_id) AND s.state <> 'closed') AS cases,
  (SELECT coalesce(jsonb_agg(to_jsonb(p) ORDER BY p.due_at, p.promise_id), '[]') FROM promises p
    WHERE (p.tenant_id, p.customer_id) = (u.tenant_id, u.customer_id) AND p.kept_at IS NULL) AS promises
FROM customers u WHERE u.tenant_id = $1 AND u.customer_id = $2

-- name: save_card
-- Keep a card; a newer one is never replaced by an older one.
INSERT INTO cards AS k (tenant_id, customer_id, version, built_on, card) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, customer_id) DO UPDATE SET version = excluded.version, built_on = excluded.built_on, card = excluded.card
WHERE k.version <= excluded.version

-- name: candidates_in_words
-- What an agent needs to ask "are you …": name, tier and when the customer was last in contact.
SELECT u.customer_id, u.name, u.tier,
  (SELECT max(c.arrived_at) FROM contacts c WHERE (c.tenant_id, c.customer_id) = (u.tenant_id, u.customer_id)) AS last_contact_at
FROM customers u WHERE u.tenant_id = $1 AND u.customer_id = ANY ($2) ORDER BY u.customer_id

-- name: record_arrival
-- The contact with who it is. No row comes back when its arrival was recorded before: then nothing changed. A row that
-- the router's decisions made first is completed, and keeps a customer a person chose.
INSERT INTO contacts AS c (tenant_id, contact_id, pool_id, partition, channel, business_line, entry, address_kind, address,
    display_name, first_text, arrived_at, customer_id, linked_by, identity_level, candidates, repeat, reason, profiled)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, true)
ON CONFLICT (tenant_id, contact_id) DO UPDATE SET
    (pool_id, partition, entry, address_kind, address, display_name, first_text, arrived_at, repeat, profiled)
    = (excluded.pool_id, excluded.partition, excluded.entry, excluded.address_kind, excluded.address,
       excluded.display_name, excluded.first_text, excluded.arrived_at, excluded.repeat, true),
    customer_id = coalesce(c.customer_id, excluded.customer_id),
    linked_by = coalesce(c.linked_by, excluded.linked_by),
    identity_level = CASE WHEN c.customer_id IS NULL THEN excluded.identity_level ELSE c.identity_level END,
    candidates = CASE WHEN c.customer_id IS NULL THEN excluded.candidates ELSE '[]' END,
    reason = coalesce(c.reason, excluded.reason)
WHERE NOT c.profiled
RETURNING c.customer_id, c.candidates, c.repeat

-- name: recorded_arrival
-- What was answered for a contact whose arrival came again.
SELECT customer_id, candidates, repeat FROM contacts WHERE tenant_id = $1 AND contact_id = $2

-- name: read_pop
-- The prepared pop, tenant bound in the same round trip.
SELECT * FROM read_pop($1, $2)

-- name: create_customer
INSERT INTO customers (tenant_id, customer_id, name, tier, language, account_owner, preferences, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: add_identities
-- A value the customer has already under that kind stays as it is.
INSERT INTO identities (tenant_id, identity_id, customer_id, kind, value, label, source)
SELECT $1, i.identity_id, $2, i.kind, i.value, i.label, $7
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS i (identity_id, kind, value, label)
ON CONFLICT (tenant_id, value, kind, customer_id) DO NOTHING

-- name: remove_identity
DELETE FROM identities WHERE tenant_id = $1 AND customer_id = $2 AND identity_id = $3 RETURNING identity_id

-- name: lock_customer
-- The customer's own fields, kept from changing until the transaction ends.
SELECT customer_id, name, tier, language, account_owner, preferences, note, version
FROM customers WHERE tenant_id = $1 AND customer_id = $2 FOR UPDATE

-- name: change_customer
UPDATE customers SET name = $3, tier = $4, language = $5, account_owner = $6, preferences = $7, note = $8
WHERE tenant_id = $1 AND customer_id = $2

-- name: search_customers
-- By part of the name ($2, lower case), last digits ($3, reversed) or exact value ($4), whichever are given.
WITH hit AS (
    SELECT customer_id FROM name_endings WHERE tenant_id = $1 AND ending >= $2 AND ending < $2 || chr(1114111)
    UNION SELECT customer_id FROM identities WHERE tenant_id = $1 AND reversed >= $3 AND reversed < $3 || chr(1114111)
    UNION SELECT customer_id FROM identities WHERE tenant_id = $1 AND value = ANY ($4)
)
SELECT u.* FROM hit JOIN customer_lines u ON u.tenant_id = $1 AND u.customer_id = hit.customer_id
WHERE (u.name, u.customer_id) > ($5, $6) ORDER BY u.name, u.customer_id LIMIT $7

-- name: list_customers
-- Everybody, in order of name.
SELECT * FROM customer_lines WHERE tenant_id = $1 AND (name, customer_id) > ($2, $3) ORDER BY name, customer_id LIMIT $4

-- name: timeline_of_customer
-- Contacts with their interactions, deals, cases and promises, newest first, before ($3, $4).
SELECT kind, id, at, detail FROM (
    (SELECT 'contact' AS kind, c.contact_id AS id, c.arrived_at AS at, jsonb_build_object('channel', c.channel,
        'business_line', c.business_line, 'group', c.group_name, 'end', c.end_kind, 'closed_at', c.closed_at,
        'agent_id', c.agent_id, 'waited_seconds', c.waited_seconds, 'rating', c.rating, 'rating_scale', c.rating_scale, 'reason', c.reason, 'disposition', c.disposition,
        'note', c.note, 'interactions', (SELECT coalesce(jsonb_agg(jsonb_build_object('interaction_id', n.interaction_id,
            'agent_id', n.agent_id, 'started_at', n.started_at, 'ended_at', n.ended_at, 'talked_seconds', n.talked_seconds,
            'disposition', n.disposition, 'reason', n.reason) ORDER BY n.started_at), '[]')
            FROM interactions n WHERE (n.tenant_id, n.contact_id) = (c.tenant_id, c.contact_id))) AS detail
      FROM contacts c WHERE c.tenant_id = $1 AND c.customer_id = $2 AND (c.arrived_at, c.contact_id) < ($3, $4)
      ORDER BY c.arrived_at DESC, c.contact_id DESC LIMIT $5)
    UNION ALL
    SELECT 'deal', d.deal_id, coalesce(d.signed_on::timestamptz, d.revised_at), jsonb_build_object(
        'business_line', d.business_line, 'product', d.product, 'status', d.status, 'signed_on', d.signed_on,
        'ends_on', d.ends_on, 'amount_cents', d.amount_cents, 'currency', d.currency, 'site', d.site)
      FROM deals d WHERE d.tenant_id = $1 AND d.customer_id = $2
    UNION ALL
    SELECT 'case', s.case_id, s.opened_at, jsonb_build_object('kind', s.kind, 'subject', s.subject, 'state', s.state,
        'owner', s.owner, 'due_at', s.due_at, 'closed_at', s.closed_at, 'reopened', s.reopened)
      FROM cases s WHERE s.tenant_id = $1 AND s.customer_id = $2
    UNION ALL
    SELECT 'promise', p.promise_id, p.made_at, jsonb_build_object('case_id', p.case_id, 'text', p.text, 'owner', p.owner,
        'due_at', p.due_at, 'kept_at', p.kept_at)
      FROM promises p WHERE p.tenant_id = $1 AND p.customer_id = $2
) happened WHERE (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5

-- name: identity_value
SELECT kind, value FROM identities WHERE tenant_id = $1 AND customer_id = $2 AND identity_id = $3

-- name: write_audit
INSERT INTO audit (tenant_id, user_id, action, customer_id, contact_id, detail) VALUES ($1, $2, $3, $4, $5, $6)

-- name: lock_contact
SELECT contact_id, pool_id, partition, channel, address_kind, address, display_name, customer_id, candidates, identity_level, version
FROM contacts WHERE tenant_id = $1 AND contact_id = $2 FOR UPDATE

-- name: link_customer
UPDATE contacts SET customer_id = $3, linked_by = $4, identity_level = $5, candidates = '[]', repeat = $6, version = version + 1
WHERE tenant_id = $1 AND contact_id = $2 RETURNING version

-- name: touch_customers
-- Raise the version of customers and hint it to open pages.
SELECT touch($1, $2)

-- name: set_identity_level
UPDATE contacts SET identity_level = $3, version = version + 1 WHERE tenant_id = $1 AND contact_id = $2

-- name: write_contact_note
UPDATE contacts SET note = $3, version = version + 1 WHERE tenant_id = $1 AND contact_id = $2 RETURNING version

-- name: list_contacts
-- Newest first, before ($2, $3); of one customer, or only those still open, where asked.
SELECT contact_id, channel, business_line, group_name, arrived_at, customer_id, end_kind, closed_at, agent_id, waited_seconds,
    reason, disposition, identity_level, address_kind, address
FROM contacts WHERE tenant_id = $1 AND (arrived_at, contact_id) < ($2, $3)
  AND ($4::text IS NULL OR customer_id = $4) AND (NOT $5::boolean OR closed_at IS NULL)
ORDER BY arrived_at DESC, contact_id DESC LIMIT $6

-- name: customer_exists
SELECT 1 FROM customers WHERE tenant_id = $1 AND customer_id = $2

-- name: open_case
INSERT INTO cases (tenant_id, case_id, customer_id, kind, subject, reason, owner, department, due_at, opened_at, opened_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: lock_case
-- The case with the number of promises still owed, kept from changing until the transaction ends.
SELECT s.*, (SELECT count(*) FROM promises p WHERE (p.tenant_id, p.case_id) = (s.tenant_id, s.case_id) AND p.kept_at IS NULL) AS owed
FROM cases s WHERE s.tenant_id = $1 AND s.case_id = $2 FOR UPDATE

-- name: read_case
-- The case with its promises, entries and contacts, in order.
SELECT s.*, u.name AS customer_name,
    (SELECT coalesce(jsonb_agg(to_jsonb(p) - 'tenant_id' - 'customer_id' ORDER BY p.due_at, p.promise_id), '[]') FROM promises p
      WHERE (p.tenant_id, p.case_id) = (s.tenant_id, s.case_id)) AS promises,
    (SELECT coalesce(jsonb_agg(to_jsonb(e) - 'tenant_id' - 'customer_id' - 'case_id' ORDER BY e.at, e.entry_id), '[]') FROM case_entries e
      WHERE (e.tenant_id, e.case_id) = (s.tenant_id, s.case_id)) AS entries,
    (SELECT coalesce(jsonb_agg(k.contact_id ORDER BY k.contact_id), '[]') FROM case_contacts k
      WHERE (k.tenant_id, k.case_id) = (s.tenant_id, s.case_id)) AS contacts
FROM cases s JOIN customers u USING (tenant_id, customer_id) WHERE s.tenant_id = $1 AND s.case_id = $2

-- name: list_cases
-- Newest first, before ($2, $3); each filter only where given.
SELECT s.*, u.name AS customer_name FROM cases s JOIN customers u USING (tenant_id, customer_id)
WHERE s.tenant_id = $1 AND (s.opened_at, s.case_id) < ($2, $3)
  AND ($4::text IS NULL OR s.customer_id = $4) AND ($5::text IS NULL OR s.owner = $5) AND ($6::text IS NULL OR s.state = $6)
  AND (NOT $7::boolean OR s.state <> 'closed')
ORDER BY s.opened_at DESC, s.case_id DESC LIMIT $8

-- name: move_case
UPDATE cases SET state = $3, waiting_for = $4, reopened = $5, answered_at = $6, closed_at = $7, version = version + 1
WHERE tenant_id = $1 AND case_id = $2

-- name: change_case
UPDATE cases SET kind = $3, subject = $4, reason = $5, owner = $6, department = $7, due_at = $8, version = version + 1
WHERE tenant_id = $1 AND case_id = $2

-- name: write_case_entry
INSERT INTO case_entries (tenant_id, entry_id, case_id, customer_id, at, by_user, kind, text, from_state, to_state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: make_promise
INSERT INTO promises (tenant_id, promise_id, case_id, customer_id, text, owner, due_at, made_at, made_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: lock_promise
SELECT promise_id, case_id, customer_id, text, kept_at FROM promises WHERE tenant_id = $1 AND promise_id = $2 FOR UPDATE

-- name: keep_promise
UPDATE promises SET kept_at = $3, kept_by = $4 WHERE tenant_id = $1 AND promise_id = $2

-- name: promises_due
-- Promises still owed, soonest first, after ($2, $3); of one owner, due before a time, where given.
SELECT p.promise_id, p.case_id, p.customer_id, p.text, p.owner, p.due_at, p.made_at, s.subject, u.name AS customer_name
FROM promises p JOIN cases s USING (tenant_id, case_id) JOIN customers u ON (u.tenant_id, u.customer_id) = (p.tenant_id, p.customer_id)
WHERE p.tenant_id = $1 AND p.kept_at IS NULL AND (p.due_at, p.promise_id) > ($2, $3)
  AND ($4::text IS NULL OR p.owner = $4) AND ($5::timestamptz IS NULL OR p.due_at < $5)
ORDER BY p.due_at, p.promise_id LIMIT $6

-- name: link_case_contact
INSERT INTO case_contacts (tenant_id, case_id, contact_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: contacts_queued
-- Contacts entered these groups (self-service may have found another line). A decision may be read before the arrival:
-- the row begins here then.
INSERT INTO contacts AS c (tenant_id, contact_id, channel, business_line, arrived_at, group_name)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
ON CONFLICT (tenant_id, contact_id) DO UPDATE SET group_name = excluded.group_name, business_line = excluded.business_line,
    version = c.version + 1

-- name: interactions_started
INSERT INTO interactions (tenant_id, interaction_id, contact_id, agent_id, started_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) ON CONFLICT DO NOTHING

-- name: interactions_ended
UPDATE interactions i SET ended_at = e.at, talked_seconds = e.talked, why_ended = e.why
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::int[], $5::text[]) AS e (tenant_id, interaction_id, at, talked, why)
WHERE (i.tenant_id, i.interaction_id) = (e.tenant_id, e.interaction_id)

-- name: interactions_wrapped_up
UPDATE interactions i SET disposition = w.disposition, reason = w.reason, by_timeout = w.by_timeout
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[]) AS w (tenant_id, interaction_id, disposition, reason, by_timeout)
WHERE (i.tenant_id, i.interaction_id) = (w.tenant_id, w.interaction_id)

-- name: contacts_wrapped_up
-- The last wrap-up of a contact says how it went and why it was.
UPDATE contacts c SET disposition = w.disposition, reason = coalesce(w.reason, c.reason), agent_id = w.agent_id
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS w (tenant_id, contact_id, disposition, reason, agent_id)
WHERE (c.tenant_id, c.contact_id) = (w.tenant_id, w.contact_id)

-- name: contacts_closed
INSERT INTO contacts AS c (tenant_id, contact_id, channel, business_line, arrived_at, group_name, end_kind, closed_at, agent_id, waited_seconds)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::timestamptz[], $9::text[], $10::int[])
ON CONFLICT (tenant_id, contact_id) DO UPDATE SET end_kind = excluded.end_kind, closed_at = excluded.closed_at,
    group_name = coalesce(excluded.group_name, c.group_name), agent_id = coalesce(excluded.agent_id, c.agent_id),
    waited_seconds = excluded.waited_seconds, version = c.version + 1

-- name: touch_customers_of_contacts
-- The cards of these contacts' customers tell of the contact now.
SELECT touch(t.tenant_id, t.customer_ids) FROM (
    SELECT c.tenant_id, array_agg(DISTINCT c.customer_id) AS customer_ids
      FROM unnest($1::text[], $2::text[]) AS w (tenant_id, contact_id) JOIN contacts c USING (tenant_id, contact_id)
     WHERE c.customer_id IS NOT NULL GROUP BY c.tenant_id) t

-- name: lock_source
-- Records of one source of one tenant are written one batch at a time: a deal never misses a customer written beside it.
SELECT pg_advisory_xact_lock(hashtextextended($1 || chr(31) || $2, 0))

-- name: held_customers
SELECT key, customer_id AS id, revised_at, digest FROM customer_records WHERE tenant_id = $1 AND source = $2 AND key = ANY ($3)

-- name: held_deals
SELECT key, deal_id AS id, revised_at, digest FROM deals WHERE tenant_id = $1 AND source = $2 AND key = ANY ($3)

-- name: insert_customers
INSERT INTO customers (tenant_id, customer_id, name, tier, language, account_owner, preferences, note)
SELECT $1, w.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[]) AS w

-- name: update_customers
-- What a record leaves open stays; preferences are laid over.
UPDATE customers u SET name = coalesce(w.name, u.name), tier = coalesce(w.tier, u.tier), language = coalesce(w.language, u.language),
    account_owner = coalesce(w.account_owner, u.account_owner), preferences = u.preferences || w.preferences, note = coalesce(w.note, u.note)
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[])
    AS w (customer_id, name, tier, language, account_owner, preferences, note)
WHERE u.tenant_id = $1 AND u.customer_id = w.customer_id

-- name: write_customer_records
INSERT INTO customer_records (tenant_id, source, key, customer_id, revised_at, digest)
SELECT $1, $2, w.* FROM unnest($3::text[], $4::text[], $5::timestamptz[], $6::bytea[]) AS w
ON CONFLICT (tenant_id, source, key) DO UPDATE SET revised_at = excluded.revised_at, digest = excluded.digest

-- name: confirm_deals
-- The same content under a newer revision: only how new it is changes.
UPDATE deals d SET revised_at = w.revised_at FROM unnest($3::text[], $4::timestamptz[]) AS w (key, revised_at)
WHERE d.tenant_id = $1 AND d.source = $2 AND d.key = w.key

-- name: drop_identities
-- Identities of this source the customers' new records no longer list.
DELETE FROM identities i WHERE i.tenant_id = $1 AND i.source = $2 AND i.customer_id = ANY ($3) AND NOT EXISTS (
    SELECT 1 FROM unnest($4::text[], $5::text[], $6::text[]) AS w (customer_id, kind, value)
     WHERE (w.customer_id, w.kind, w.value) = (i.customer_id, i.kind, i.value))

-- name: insert_identities
INSERT INTO identities (tenant_id, source, identity_id, customer_id, kind, value, label)
SELECT $1, $2, w.* FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS w
ON CONFLICT (tenant_id, value, kind, customer_id) DO NOTHING

-- name: attach_waiting_deals
-- Deals that came before their customer.
UPDATE deals d SET customer_id = r.customer_id FROM customer_records r
WHERE d.tenant_id = $1 AND d.source = $2 AND d.customer_key = ANY ($3) AND d.customer_id IS NULL
  AND (r.tenant_id, r.source, r.key) = (d.tenant_id, d.source, d.customer_key)

-- name: write_deals
INSERT INTO deals AS d (tenant_id, source, deal_id, key, customer_key, customer_id, business_line, product, status, signed_on, ends_on,
    amount_cents, currency, site, revised_at, digest)
SELECT $1, $2, w.deal_id, w.key, w.customer_key, r.customer_id, w.business_line, w.product, w.status, w.signed_on, w.ends_on,
    w.amount_cents, w.currency, w.site, w.revised_at, w.digest
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::date[], $10::date[], $11::bigint[], $12::text[],
    $13::text[], $14::timestamptz[], $15::bytea[]) AS w (deal_id, key, customer_key, business_line, product, status, signed_on, ends_on,
    amount_cents, currency, site, revised_at, digest)
LEFT JOIN customer_records r ON (r.tenant_id, r.source, r.key) = ($1, $2, w.customer_key)
ON CONFLICT (tenant_id, source, key) DO UPDATE SET (customer_key, customer_id, business_line, product, status, signed_on, ends_on,
    amount_cents, currency, site, revised_at, digest) = (excluded.customer_key, excluded.customer_id, excluded.business_line,
    excluded.product, excluded.status, excluded.signed_on, excluded.ends_on, excluded.amount_cents, excluded.currency, excluded.site,
    excluded.revised_at, excluded.digest)

-- name: begin_import
INSERT INTO imports (tenant_id, import_id, kind, source, file, uploaded_at, uploaded_by) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: claim_import
-- The oldest import nobody works on (its worker's lease ran out, or none began): ours for a while.
UPDATE imports SET state = 'running', worker = $1, lease_until = now() + make_interval(secs => $2)
WHERE (tenant_id, import_id) = (SELECT tenant_id, import_id FROM imports
    WHERE state = 'waiting' OR (state = 'running' AND lease_until < now()) ORDER BY uploaded_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING tenant_id, import_id, kind, source, file, uploaded_at, done_rows

-- name: import_was_read
UPDATE imports SET total_rows = $4, columns = $5, lease_until = now() + make_interval(secs => $6)
WHERE tenant_id = $1 AND import_id = $2 AND worker = $3

-- name: hold_import
-- Ours still, and nobody went on from where we stand? Kept from changing until the transaction ends.
SELECT 1 FROM imports WHERE tenant_id = $1 AND import_id = $2 AND worker = $3 AND state = 'running' AND done_rows = $4 FOR UPDATE

-- name: import_went_on
UPDATE imports SET done_rows = done_rows + $3, created = created + $4, updated = updated + $5, unchanged = unchanged + $6,
    rejected = rejected + $7, lease_until = now() + make_interval(secs => $8)
WHERE tenant_id = $1 AND import_id = $2

-- name: reject_rows
INSERT INTO import_rejections (tenant_id, import_id, line, faults, cells) VALUES ($1, $2, $3, $4, $5)

-- name: finish_import
UPDATE imports SET state = $4, failure = $5, finished_at = now(), file = NULL, lease_until = NULL
WHERE tenant_id = $1 AND import_id = $2 AND worker = $3

-- name: read_import
SELECT import_id, kind, source, state, failure, columns, uploaded_at, uploaded_by, finished_at, total_rows, done_rows, created, updated,
    unchanged, rejected FROM imports WHERE tenant_id = $1 AND import_id = $2

-- name: list_imports
SELECT import_id, kind, source, state, failure, columns, uploaded_at, uploaded_by, finished_at, total_rows, done_rows, created, updated,
    unchanged, rejected FROM imports WHERE tenant_id = $1 AND (uploaded_at, import_id) < ($2, $3)
ORDER BY uploaded_at DESC, import_id DESC LIMIT $4

-- name: rejected_rows
SELECT line, faults, cells FROM import_rejections WHERE tenant_id = $1 AND import_id = $2 AND line > $3 ORDER BY line LIMIT $4

-- name: set_pin
-- A new PIN; earlier failures are forgotten with the old one.
INSERT INTO pins (tenant_id, customer_id, hash, set_at, set_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, customer_id) DO UPDATE SET (hash, failures, set_at, set_by) = (excluded.hash, 0, excluded.set_at, excluded.set_by)

-- name: take_pin_attempt
-- One of the contact's tries, if it has one left; the customer's hash, if there is one that is not locked.
UPDATE contacts c SET pin_attempts = c.pin_attempts + 1 WHERE c.tenant_id = $1 AND c.contact_id = $2 AND c.pin_attempts < $3
RETURNING c.customer_id, (SELECT p.hash FROM pins p WHERE (p.tenant_id, p.customer_id) = (c.tenant_id, c.customer_id) AND p.failures < $4) AS hash

-- name: pin_was_right
UPDATE pins SET failures = 0 WHERE tenant_id = $1 AND customer_id = $2

-- name: pin_was_wrong
UPDATE pins SET failures = failures + 1 WHERE tenant_id = $1 AND customer_id = $2

-- name: note_of_self_service
-- What was chosen and typed before an agent: above what an agent has written meanwhile, and only once.
UPDATE contacts SET note = $3 || coalesce(E'\n' || note, ''), version = version + 1
WHERE tenant_id = $1 AND contact_id = $2 AND coalesce(position($3 IN note), 0) = 0

-- name: contact_there
SELECT true FROM contacts WHERE tenant_id = $1 AND contact_id = $2

-- name: contacts_rated
-- What customers said of contacts, a batch at a time; a first word stays.
UPDATE contacts c SET rating = n.score, rating_scale = n.scale
FROM unnest($1::text[], $2::text[], $3::int[], $4::int[]) AS n (tenant_id, contact_id, score, scale)
WHERE (c.tenant_id, c.contact_id) = (n.tenant_id, n.contact_id) AND c.rating IS NULL

-- name: open_rating_case
-- A dissatisfied customer: a case with a promised call back ($3 case, $4 promise, $5 entry: ids made of the contact, so that
-- repeating it changes nothing). Nothing where nobody knows who they are. $9: score in words for the subject.
WITH opened AS (
    INSERT INTO cases (tenant_id, case_id, customer_id, kind, subject, reason, owner, due_at, opened_at, opened_by)
    SELECT c.tenant_id, $3, c.customer_id, 'complaint', $9, 'low_rating', $6, $7, $8, 'ratings'
    FROM contacts c WHERE c.tenant_id = $1 AND c.contact_id = $2 AND c.customer_id IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING tenant_id, case_id, customer_id
), promised AS (
    INSERT INTO promises (tenant_id, promise_id, case_id, customer_id, text, owner, due_at, made_at, made_by)
    SELECT tenant_id, $4, case_id, customer_id, $10, $6, $7, $8, 'ratings' FROM opened
), linked AS (
    INSERT INTO case_contacts (tenant_id, case_id, contact_id) SELECT tenant_id, case_id, $2 FROM opened
)
INSERT INTO case_entries (tenant_id, entry_id, case_id, customer_id, at, by_user, kind, text)
SELECT tenant_id, $5, case_id, customer_id, $8, 'ratings', 'promise', $10 FROM opened

-- name: keep_consent
-- A word that came before (by its id) changes nothing.
INSERT INTO consents (tenant_id, consent_id, kind, number, channel, purpose, source, proof, said_at, recorded_at, expires_at,
    customer_id, contact_id, campaign, attempt_id, recorded_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, (SELECT customer_id FROM customers WHERE tenant_id = $1 AND customer_id = $12),
    $13, $14, $15, $16)
ON CONFLICT (tenant_id, consent_id, kind) DO NOTHING RETURNING consent_id

-- name: holders_of_numbers
-- Who has these numbers as telephone or fax, with their wishes.
SELECT DISTINCT i.value, u.customer_id, u.language, u.preferences FROM identities i
JOIN customers u USING (tenant_id, customer_id)
WHERE i.tenant_id = $1 AND i.value = ANY ($2) AND i.kind IN ('phone', 'fax') ORDER BY i.value, u.customer_id

-- name: consents_at_numbers
SELECT number, channel, kind, purpose, source, proof, said_at, recorded_at, expires_at, customer_id FROM consents
WHERE tenant_id = $1 AND number = ANY ($2) ORDER BY number, channel, said_at DESC

-- name: numbers_of_customer
SELECT identity_id, value FROM identities WHERE tenant_id = $1 AND customer_id = $2 AND kind IN ('phone', 'fax') ORDER BY kind DESC, value

-- name: consents_of_customer
-- Newest first: said by the customer, or of a number the customer has.
SELECT c.*, i.identity_id FROM consents c
LEFT JOIN LATERAL (SELECT min(identity_id) AS identity_id FROM identities i WHERE i.tenant_id = $1 AND i.customer_id = $2
    AND i.value = c.number AND i.kind IN ('phone', 'fax')) i ON true
WHERE c.tenant_id = $1 AND (c.customer_id = $2 OR c.number IN (
    SELECT value FROM identities WHERE tenant_id = $1 AND customer_id = $2 AND kind IN ('phone', 'fax')))
ORDER BY c.said_at DESC, c.recorded_at DESC, c.consent_id LIMIT $3

-- name: reachable_customers
-- By id, or by source and key of a record they came from; numbers in the order they became known.
SELECT q.place, u.customer_id, u.name, u.language,
  (SELECT coalesce(array_agg(i.value ORDER BY i.created_at, i.identity_id), '{}') FROM identities i
    WHERE (i.tenant_id, i.customer_id) = (u.tenant_id, u.customer_id) AND i.kind = 'phone') AS numbers
  FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS q (customer_id, source, key, place)
  LEFT JOIN customer_records r ON (r.tenant_id, r.source, r.key) = ($1, q.source, q.key)
  JOIN customers u ON u.tenant_id = $1 AND u.customer_id = coalesce(q.customer_id, r.customer_id)
