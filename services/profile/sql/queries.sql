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
