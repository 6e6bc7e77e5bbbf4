-- name: open_visit
-- A contact of a visitor begins; the same contact again changes nothing.
INSERT INTO visits (tenant_id, contact_id, gateway_id, visitor_id, continues, business_line, language, answer_to)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING

-- name: latest_visit
-- The visitor's newest contact that is a conversation (not a message left), and whether it is open.
SELECT v.contact_id, c.subject, v.business_line, v.language, v.started_at, c.closed_at IS NULL AS open,
    c.contact_id IS NOT NULL AS arrived, c.agent_id
FROM visits v LEFT JOIN contacts c USING (contact_id, tenant_id)
WHERE v.gateway_id = $1 AND v.visitor_id = $2 AND v.answer_to IS NULL
ORDER BY v.started_at DESC LIMIT 1

-- name: visit_of_contact
-- Whose contact this is.
SELECT visitor_id, answer_to, language FROM visits WHERE contact_id = $1 AND gateway_id = $2

-- name: seen
-- A page of the visitor is open.
UPDATE visits v SET seen_at = now() FROM contacts c
WHERE c.contact_id = v.contact_id AND c.tenant_id = v.tenant_id AND c.closed_at IS NULL
  AND v.gateway_id = $1 AND v.visitor_id = $2

-- name: page_viewed
-- Where the visitor is now.
UPDATE visits SET page_url = $2, page_title = $3, page_at = $4, seen_at = now() WHERE contact_id = $1

-- name: silent_visits
-- Open conversations whose visitor has no page open and said nothing for $2 seconds.
SELECT v.contact_id, c.subject, v.visitor_id, v.language FROM visits v JOIN contacts c USING (contact_id, tenant_id)
WHERE v.gateway_id = $1 AND c.closed_at IS NULL AND v.answer_to IS NULL AND NOT v.left_notice
  AND v.seen_at < now() - make_interval(secs => $2)

-- name: give_up_visit
-- It is being closed because of that; nothing is changed when somebody was quicker or the visitor is back.
UPDATE visits SET left_notice = true
WHERE contact_id = $1 AND NOT left_notice AND seen_at < now() - make_interval(secs => $2)

-- name: stream_position
-- Number of the newest event of a gateway's stream, and up to which they are gone.
SELECT last_event, pruned_to FROM gateways WHERE gateway_id = $1

-- name: visitor_events
-- What happened in a visitor's contacts after a number, up to one.
SELECT e.number, e.type, e.contact_id, e.body FROM events e JOIN visits v USING (contact_id, tenant_id)
WHERE v.gateway_id = $1 AND v.visitor_id = $2 AND e.gateway_id = $1 AND e.number > $3 AND e.number <= $4
ORDER BY e.number

-- name: visitor_messages
-- The last $4 messages of a visitor's conversation (messages left apart) since $3 days, oldest first.
SELECT * FROM (
    SELECT m.place, m.message_id, m.contact_id, m.author, m.agent_id, m.sent_at, m.text, m.attachments, m.delivered_at, m.read_at
    FROM messages m JOIN visits v USING (contact_id, tenant_id)
    WHERE v.gateway_id = $1 AND v.visitor_id = $2 AND v.answer_to IS NULL AND m.audience = 'everyone'
      AND v.started_at > now() - make_interval(days => $3)
    ORDER BY m.place DESC LIMIT $4
) newest ORDER BY place

-- name: pending_prompt
-- The question a contact is at, as its command said it.
SELECT e.body FROM prompts p JOIN events e USING (contact_id, tenant_id)
WHERE p.contact_id = $1 AND e.gateway_id = $2 AND e.type = 'PlayPrompt' AND e.body::jsonb ->> 'step' = p.step
ORDER BY e.number DESC LIMIT 1

-- name: last_state
-- The newest decision about a contact that says how it stands.
SELECT type, body FROM events
WHERE contact_id = $1 AND gateway_id = $2
  AND type IN ('SelfServiceAwaited', 'SelfServiceEngaged', 'ContactQueued', 'OfferMade', 'OfferWithdrawn', 'ContactAssigned', 'ContactClosed')
ORDER BY number DESC LIMIT 1

-- name: file_of_visitor
-- A file of the visitor's own conversations.
SELECT f.media_type, f.pages, f.body, f.name FROM files f JOIN visits v USING (contact_id, tenant_id)
WHERE f.file_id = $1 AND v.gateway_id = $2 AND v.visitor_id = $3

-- name: files_of_contact
-- How many files lie with a contact, and how large they are together.
SELECT count(*) AS many, coalesce(sum(octet_length(body)), 0)::bigint AS bytes FROM files WHERE contact_id = $1
