-- Statements of the reports, one intent each. Rows arrive as one JSON array whose fields are the columns.

-- name: save_contacts
-- Contacts as they stand now ($1: JSON of rows).
INSERT INTO report_contacts AS r SELECT * FROM json_populate_recordset(NULL::report_contacts, $1::text::json)
ON CONFLICT (tenant_id, contact_id, born) DO UPDATE SET (
        pool_id, partition, channel, business_line, direction, arrived_at, queued_at, first_group, groups, agents, tier,
        customer_id, policy_version, stays, asked_group, transfers, waited, connected_at, talk, hold, wrap, disposition,
        reason, ended_at, ended, ended_by, open
    ) = ROW (
        excluded.pool_id, excluded.partition, excluded.channel, excluded.business_line, excluded.direction,
        excluded.arrived_at, excluded.queued_at, excluded.first_group, excluded.groups, excluded.agents, excluded.tier,
        excluded.customer_id, excluded.policy_version, excluded.stays, excluded.asked_group, excluded.transfers,
        excluded.waited, excluded.connected_at, excluded.talk, excluded.hold, excluded.wrap, excluded.disposition,
        excluded.reason, excluded.ended_at, excluded.ended, excluded.ended_by, excluded.open
    )

-- name: save_stays
-- Stays as they stand now.
INSERT INTO report_stays AS r SELECT * FROM json_populate_recordset(NULL::report_stays, $1::text::json)
ON CONFLICT (tenant_id, contact_id, born, number) DO UPDATE SET (
        pool_id, partition, group_id, channel, direction, cause, entered_at, target, waited, left_at, outcome, short
    ) = ROW (
        excluded.pool_id, excluded.partition, excluded.group_id, excluded.channel, excluded.direction, excluded.cause,
        excluded.entered_at, excluded.target, excluded.waited, excluded.left_at, excluded.outcome, excluded.short
    )

-- name: save_talks
-- Conversations as they stand now.
INSERT INTO report_talks AS r SELECT * FROM json_populate_recordset(NULL::report_talks, $1::text::json)
ON CONFLICT (tenant_id, interaction_id) DO UPDATE SET (
        pool_id, partition, contact_id, born, agent_id, group_id, channel, direction, accepted_at, waited,
        transferred_in, consulted_at, consult, started_at, ended_at, why, talk, hold, parked, held_since, parked_since,
        wrap_since, wrap, disposition, reason, by_timeout, open
    ) = ROW (
        excluded.pool_id, excluded.partition, excluded.contact_id, excluded.born, excluded.agent_id, excluded.group_id,
        excluded.channel, excluded.direction, excluded.accepted_at, excluded.waited, excluded.transferred_in,
        excluded.consulted_at, excluded.consult, excluded.started_at, excluded.ended_at, excluded.why, excluded.talk,
        excluded.hold, excluded.parked, excluded.held_since, excluded.parked_since, excluded.wrap_since, excluded.wrap,
        excluded.disposition, excluded.reason, excluded.by_timeout, excluded.open
    )

-- name: save_agents
-- Agents as last told.
INSERT INTO report_agents AS r SELECT * FROM json_populate_recordset(NULL::report_agents, $1::text::json)
ON CONFLICT (tenant_id, pool_id, agent_id) DO UPDATE SET (
        partition, since, presence, reason, work_state, reachable, teams, sites
    ) = ROW (
        excluded.partition, excluded.since, excluded.presence, excluded.reason, excluded.work_state, excluded.reachable,
        excluded.teams, excluded.sites
    )

-- name: save_ratings
-- Ratings: invitation and answer may come days apart.
INSERT INTO report_ratings AS r SELECT * FROM json_populate_recordset(NULL::report_ratings, $1::text::json)
ON CONFLICT (tenant_id, contact_id, agent_id) DO UPDATE SET (
        pool_id, partition, group_id, channel, invited_at, rated_at, score, scale, low, via
    ) = ROW (
        excluded.pool_id, excluded.partition, excluded.group_id, excluded.channel, coalesce(excluded.invited_at,
        r.invited_at), coalesce(excluded.rated_at, r.rated_at), coalesce(excluded.score, r.score), excluded.scale,
        excluded.low OR r.low, coalesce(excluded.via, r.via)
    )

-- name: save_targets
-- Targets and time zone of a pool's policy in force.
INSERT INTO report_targets AS r SELECT * FROM json_populate_recordset(NULL::report_targets, $1::text::json)
ON CONFLICT (tenant_id, pool_id) DO UPDATE SET (
        partition, version, targets, time_zone
    ) = ROW (
        excluded.partition, excluded.version, excluded.targets, excluded.time_zone
    )

-- name: add_groups
-- Counts of groups, added to what stands.
INSERT INTO report_groups AS r SELECT * FROM json_populate_recordset(NULL::report_groups, $1::text::json)
ON CONFLICT (tenant_id, quarter, group_id, channel, direction, pool_id) DO UPDATE SET
        offered = r.offered + excluded.offered, answered = r.answered + excluded.answered, answered_within =
        r.answered_within + excluded.answered_within, abandoned = r.abandoned + excluded.abandoned, abandoned_within =
        r.abandoned_within + excluded.abandoned_within, short_abandons = r.short_abandons + excluded.short_abandons,
        flowed_out = r.flowed_out + excluded.flowed_out, callback = r.callback + excluded.callback, turned_away =
        r.turned_away + excluded.turned_away, failed = r.failed + excluded.failed, wait_answered = r.wait_answered +
        excluded.wait_answered, wait_abandoned = r.wait_abandoned + excluded.wait_abandoned, asked = r.asked +
        excluded.asked, reached = r.reached + excluded.reached, handled = r.handled + excluded.handled, talk = r.talk +
        excluded.talk, hold = r.hold + excluded.hold, wrap = r.wrap + excluded.wrap, transferred = r.transferred +
        excluded.transferred

-- name: add_staff
-- Counts of agents, added to what stands.
INSERT INTO report_staff AS r SELECT * FROM json_populate_recordset(NULL::report_staff, $1::text::json)
ON CONFLICT (tenant_id, quarter, agent_id, pool_id) DO UPDATE SET
        signed_in = r.signed_in + excluded.signed_in, available = r.available + excluded.available, ringing = r.ringing
        + excluded.ringing, handling = r.handling + excluded.handling, wrapping = r.wrapping + excluded.wrapping,
        not_ready = r.not_ready + excluded.not_ready, unreachable = r.unreachable + excluded.unreachable, offers =
        r.offers + excluded.offers, accepted = r.accepted + excluded.accepted, missed = r.missed + excluded.missed,
        rejected = r.rejected + excluded.rejected, agent_handled = r.agent_handled + excluded.agent_handled, agent_talk
        = r.agent_talk + excluded.agent_talk, agent_hold = r.agent_hold + excluded.agent_hold, agent_wrap = r.agent_wrap
        + excluded.agent_wrap, consulted = r.consulted + excluded.consulted, consult = r.consult + excluded.consult,
        transfers_in = r.transfers_in + excluded.transfers_in, transfers_out = r.transfers_out + excluded.transfers_out

-- name: add_breaks
-- Time not ready by reason, added to what stands.
INSERT INTO report_breaks AS r SELECT * FROM json_populate_recordset(NULL::report_breaks, $1::text::json)
ON CONFLICT (tenant_id, quarter, agent_id, reason, pool_id) DO UPDATE SET
        passed = r.passed + excluded.passed

-- name: watermark
-- How far partition $1 is counted, and under which definitions.
SELECT position, now, definitions FROM report_watermarks WHERE partition = $1

-- name: begin_watermark
-- Partition $1 is to be counted, from the journal's beginning.
INSERT INTO report_watermarks (partition, position, now, definitions) VALUES ($1, 0, 0, $2) ON CONFLICT DO NOTHING

-- name: restart_watermark
-- Partition $1 is counted from the beginning again, under definitions $2.
UPDATE report_watermarks SET position = 0, now = 0, definitions = $2 WHERE partition = $1

-- name: advance_watermark
-- From position $2 to $3, at time $4; nothing where somebody else has moved it.
UPDATE report_watermarks SET position = $3, now = $4 WHERE partition = $1 AND position = $2 AND definitions = $5
RETURNING position

-- name: open_contacts
-- Of partition $1, what counting goes on from.
SELECT row_to_json(r)::text AS row FROM report_contacts AS r WHERE partition = $1 AND open

-- name: open_stays
-- Of partition $1, what counting goes on from.
SELECT row_to_json(r)::text AS row FROM report_stays AS r WHERE partition = $1 AND outcome IS NULL

-- name: open_talks
-- Of partition $1, what counting goes on from.
SELECT row_to_json(r)::text AS row FROM report_talks AS r WHERE partition = $1 AND open

-- name: open_agents
-- Of partition $1, what counting goes on from.
SELECT row_to_json(r)::text AS row FROM report_agents AS r WHERE partition = $1 AND presence <> 'signed_out'

-- name: open_targets
-- Of partition $1, what counting goes on from.
SELECT row_to_json(r)::text AS row FROM report_targets AS r WHERE partition = $1 AND true

-- name: clear_contacts
-- Forget partition $1: it is counted again.
DELETE FROM report_contacts WHERE partition = $1

-- name: clear_stays
-- Forget partition $1: it is counted again.
DELETE FROM report_stays WHERE partition = $1

-- name: clear_talks
-- Forget partition $1: it is counted again.
DELETE FROM report_talks WHERE partition = $1

-- name: clear_agents
-- Forget partition $1: it is counted again.
DELETE FROM report_agents WHERE partition = $1

-- name: clear_ratings
-- Forget partition $1: it is counted again.
DELETE FROM report_ratings WHERE partition = $1

-- name: clear_targets
-- Forget partition $1: it is counted again.
DELETE FROM report_targets WHERE partition = $1

-- name: clear_groups
-- Forget partition $1: it is counted again.
DELETE FROM report_groups WHERE partition = $1

-- name: clear_staff
-- Forget partition $1: it is counted again.
DELETE FROM report_staff WHERE partition = $1

-- name: clear_breaks
-- Forget partition $1: it is counted again.
DELETE FROM report_breaks WHERE partition = $1

-- name: all_contacts
-- Everything counted of partition $1, to be compared with the journal.
SELECT row_to_json(r)::text AS row FROM report_contacts AS r WHERE partition = $1

-- name: all_stays
-- Everything counted of partition $1, to be compared with the journal.
SELECT row_to_json(r)::text AS row FROM report_stays AS r WHERE partition = $1

-- name: all_talks
-- Everything counted of partition $1, to be compared with the journal.
SELECT row_to_json(r)::text AS row FROM report_talks AS r WHERE partition = $1

-- name: all_agents
-- Everything counted of partition $1, to be compared with the journal.
SELECT row_to_json(r)::text AS row FROM report_agents AS r WHERE partition = $1

-- name: all_ratings
-- Everything counted of partition $1, to be compared with the journal.
SELECT row_to_json(r)::text AS row FROM report_ratings AS r WHERE partition = $1

-- name: all_targets
-- Everything counted of partition $1, to be compared with the journal.
SELECT row_to_json(r)::text AS row FROM report_targets AS r WHERE partition = $1

-- name: all_groups
-- Everything counted of partition $1, to be compared with the journal.
SELECT row_to_json(r)::text AS row FROM report_groups AS r WHERE partition = $1

-- name: all_staff
-- Everything counted of partition $1, to be compared with the journal.
SELECT row_to_json(r)::text AS row FROM report_staff AS r WHERE partition = $1

-- name: all_breaks
-- Everything counted of partition $1, to be compared with the journal.
SELECT row_to_json(r)::text AS row FROM report_breaks AS r WHERE partition = $1
