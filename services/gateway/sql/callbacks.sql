-- name: keep_callback
-- Whom to call; asked twice it is one callback.
INSERT INTO callbacks (tenant_id, contact_id, gateway_id, subject, number, origin, requested_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING

-- name: callback
-- Whom a callback of this gateway calls.
SELECT number, subject FROM callbacks WHERE contact_id = $1 AND gateway_id = $2

-- name: callback_number
-- Whom a callback calls, for staff.
SELECT number FROM callbacks WHERE contact_id = $1

-- name: callbacks_of_origin
-- The callback a contact was given up for.
SELECT contact_id FROM callbacks WHERE origin = $1

-- name: begin_dial
-- The intent to dial, once an attempt; nothing comes back where it was written before.
INSERT INTO dials (tenant_id, attempt_id, contact_id, gateway_id, begun_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING attempt_id

-- name: was_begun
-- Whether somebody began to dial it.
SELECT EXISTS (SELECT FROM dials WHERE attempt_id = $1)

-- name: open_callbacks
-- Callbacks first heard of through a decision, with the key their gateway knows them by.
INSERT INTO contacts (tenant_id, contact_id, gateway_id, channel, pool_id, partition, opened_at, subject, callback)
SELECT n.tenant_id, n.contact_id, coalesce(k.gateway_id, n.gateway_id), n.channel, n.pool_id, n.partition, n.opened_at,
    k.subject, true
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::bigint[])
    AS n (tenant_id, contact_id, gateway_id, channel, pool_id, partition, opened_at)
LEFT JOIN callbacks k ON k.contact_id = n.contact_id AND k.tenant_id = n.tenant_id
ORDER BY n.contact_id
ON CONFLICT (contact_id, tenant_id) DO NOTHING
