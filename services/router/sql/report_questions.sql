-- Questions to the reports (API role, one tenant). Periods are cut by their beginnings ($2, µs, rising), so that a day of 23 or
-- 25 hours is one period like any other; $3 and $4 are where the first begins and the last ends. NULL filters ask for all.

-- name: group_counts
-- Counts by period, and by group and channel where $8 and $9 ask for it; following the key ($10, $11, $12), at most $13.
SELECT * FROM (
    SELECT width_bucket(quarter, $2::bigint[]) AS period, CASE WHEN $8::boolean THEN group_id ELSE '' END AS group_id,
           CASE WHEN $9::boolean THEN channel ELSE '' END AS channel,
           sum(offered)::bigint AS offered, sum(answered)::bigint AS answered, sum(answered_within)::bigint AS
           answered_within, sum(abandoned)::bigint AS abandoned, sum(abandoned_within)::bigint AS abandoned_within,
           sum(short_abandons)::bigint AS short_abandons, sum(flowed_out)::bigint AS flowed_out, sum(callback)::bigint
           AS callback, sum(turned_away)::bigint AS turned_away, sum(failed)::bigint AS failed,
           sum(wait_answered)::bigint AS wait_answered, sum(wait_abandoned)::bigint AS wait_abandoned,
           sum(asked)::bigint AS asked, sum(reached)::bigint AS reached, sum(handled)::bigint AS handled,
           sum(talk)::bigint AS talk, sum(hold)::bigint AS hold, sum(wrap)::bigint AS wrap, sum(transferred)::bigint AS
           transferred
    FROM report_groups
    WHERE tenant_id = $1 AND quarter >= $3 AND quarter < $4 AND direction = ANY($5::text[])
      AND ($6::text[] IS NULL OR group_id = ANY($6)) AND ($7::text[] IS NULL OR channel = ANY($7))
    GROUP BY 1, 2, 3
) AS counted
WHERE (period, group_id, channel) > ($10::bigint, $11::text, $12::text) ORDER BY 1, 2, 3 LIMIT $13

-- name: wait_quantiles
-- Half and nine tenths of the answered waited no longer than this, in the same periods.
SELECT width_bucket(entered_at, $2::bigint[]) AS period, CASE WHEN $8::boolean THEN group_id ELSE '' END AS group_id,
       CASE WHEN $9::boolean THEN channel ELSE '' END AS channel,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY waited) AS wait_p50,
       percentile_disc(0.9) WITHIN GROUP (ORDER BY waited) AS wait_p90
FROM report_stays
WHERE tenant_id = $1 AND entered_at >= $3 AND entered_at < $4 AND direction = ANY($5::text[]) AND outcome = 'answered'
  AND ($6::text[] IS NULL OR group_id = ANY($6)) AND ($7::text[] IS NULL OR channel = ANY($7))
GROUP BY 1, 2, 3

-- name: agents_known
-- Agents as last told, with teams and sites; of $2 (ids), $3 (teams), $4 (sites).
SELECT row_to_json(a)::text AS row FROM report_agents AS a
WHERE tenant_id = $1 AND ($2::text[] IS NULL OR agent_id = ANY($2)) AND ($3::text[] IS NULL OR teams && $3)
  AND ($4::text[] IS NULL OR sites && $4) ORDER BY agent_id

-- name: staff_counts
-- Counts by period and agent ($5: these only), with time that is still running ($6: rows like the table's);
-- following the key ($7, $8), at most $9. Without $10, all agents together.
SELECT * FROM (
    SELECT width_bucket(quarter, $2::bigint[]) AS period, CASE WHEN $10::boolean THEN agent_id ELSE '' END AS agent_id,
           sum(signed_in)::bigint AS signed_in, sum(available)::bigint AS available, sum(ringing)::bigint AS ringing,
           sum(handling)::bigint AS handling, sum(wrapping)::bigint AS wrapping, sum(not_ready)::bigint AS not_ready,
           sum(unreachable)::bigint AS unreachable, sum(offers)::bigint AS offers, sum(accepted)::bigint AS accepted,
           sum(missed)::bigint AS missed, sum(rejected)::bigint AS rejected, sum(agent_handled)::bigint AS
           agent_handled, sum(agent_talk)::bigint AS agent_talk, sum(agent_hold)::bigint AS agent_hold,
           sum(agent_wrap)::bigint AS agent_wrap, sum(consulted)::bigint AS consulted, sum(consult)::bigint AS consult,
           sum(transfers_in)::bigint AS transfers_in, sum(transfers_out)::bigint AS transfers_out
    FROM (SELECT * FROM report_staff WHERE tenant_id = $1 AND quarter >= $3 AND quarter < $4
          AND ($5::text[] IS NULL OR agent_id = ANY($5))
          UNION ALL SELECT * FROM json_populate_recordset(NULL::report_staff, $6::text::json)) AS s
    GROUP BY 1, 2
) AS counted
WHERE (period, agent_id) > ($7::bigint, $8::text) ORDER BY 1, 2 LIMIT $9

-- name: break_counts
-- Time not ready by period, agent and reason, as `staff_counts`.
SELECT width_bucket(quarter, $2::bigint[]) AS period, CASE WHEN $7::boolean THEN agent_id ELSE '' END AS agent_id, reason,
       sum(passed)::bigint AS passed
FROM (SELECT * FROM report_breaks WHERE tenant_id = $1 AND quarter >= $3 AND quarter < $4
      AND ($5::text[] IS NULL OR agent_id = ANY($5))
      UNION ALL SELECT * FROM json_populate_recordset(NULL::report_breaks, $6::text::json)) AS s
GROUP BY 1, 2, 3

-- name: dispositions
-- How conversations were coded, by group and channel; following the key ($9 … $12), at most $13.
SELECT * FROM (
    SELECT group_id, channel, coalesce(disposition, '') AS disposition, coalesce(reason, '') AS reason,
           count(*) AS conversations, count(*) FILTER (WHERE by_timeout) AS by_timeout,
           sum(talk)::bigint AS talk, sum(hold)::bigint AS hold, sum(wrap)::bigint AS wrap
    FROM report_talks
    WHERE tenant_id = $1 AND accepted_at >= $2 AND accepted_at < $3 AND direction = ANY($4::text[]) AND ended_at IS NOT NULL
      AND started_at IS NOT NULL AND ($5::text[] IS NULL OR group_id = ANY($5)) AND ($6::text[] IS NULL OR channel = ANY($6))
      AND ($7::text[] IS NULL OR agent_id = ANY($7)) AND ($8::text IS NULL OR disposition = $8)
    GROUP BY 1, 2, 3, 4
) AS counted
WHERE (group_id, channel, disposition, reason) > ($9::text, $10::text, $11::text, $12::text) ORDER BY 1, 2, 3, 4 LIMIT $13

-- name: contacts
-- One row a contact by arrival, with its rating; $7: agents of whom one talked to it, $8: or nobody did; following the key
-- ($11, $12, $13), at most $14.
SELECT c.*, r.score, r.scale, r.low FROM report_contacts AS c
LEFT JOIN LATERAL (SELECT score, scale, low FROM report_ratings AS r
                   WHERE r.tenant_id = c.tenant_id AND r.contact_id = c.contact_id AND r.rated_at IS NOT NULL
                   ORDER BY r.rated_at DESC, r.agent_id LIMIT 1) AS r ON true
WHERE c.tenant_id = $1 AND c.arrived_at >= $2 AND c.arrived_at < $3 AND c.direction = ANY($4::text[])
  AND ($5::text[] IS NULL OR c.groups && $5) AND ($6::text[] IS NULL OR c.channel = ANY($6))
  AND ($7::text[] IS NULL OR c.agents && $7 OR ($8::boolean AND c.agents = '{}'))
  AND ($9::text IS NULL OR c.disposition = $9) AND ($10::text IS NULL OR c.ended = $10)
  AND (c.arrived_at, c.contact_id, c.born) > ($11::bigint, $12::text, $13::bigint)
ORDER BY c.arrived_at, c.contact_id, c.born LIMIT $14

-- name: contact_totals
-- How the contacts of `contacts` ended.
SELECT count(*) AS contacts, count(*) FILTER (WHERE ended IS NULL) AS open, coalesce(sum(waited), 0)::bigint AS waited,
       coalesce(sum(talk), 0)::bigint AS talk, coalesce(sum(hold), 0)::bigint AS hold, coalesce(sum(wrap), 0)::bigint AS wrap,
       coalesce(sum(transfers), 0)::bigint AS transfers
FROM report_contacts AS c
WHERE c.tenant_id = $1 AND c.arrived_at >= $2 AND c.arrived_at < $3 AND c.direction = ANY($4::text[])
  AND ($5::text[] IS NULL OR c.groups && $5) AND ($6::text[] IS NULL OR c.channel = ANY($6))
  AND ($7::text[] IS NULL OR c.agents && $7 OR ($8::boolean AND c.agents = '{}'))
  AND ($9::text IS NULL OR c.disposition = $9) AND ($10::text IS NULL OR c.ended = $10)

-- name: interactions
-- One row a conversation or consultation by acceptance; following the key ($8, $9), at most $10.
SELECT * FROM report_talks
WHERE tenant_id = $1 AND accepted_at >= $2 AND accepted_at < $3 AND direction = ANY($4::text[])
  AND ($5::text[] IS NULL OR group_id = ANY($5)) AND ($6::text[] IS NULL OR channel = ANY($6))
  AND ($7::text[] IS NULL OR agent_id = ANY($7)) AND (accepted_at, interaction_id) > ($8::bigint, $9::text)
ORDER BY accepted_at, interaction_id LIMIT $10

-- name: time_zone
-- The zone of a tenant's days, as its policies in force say.
SELECT time_zone FROM report_targets WHERE tenant_id = $1 AND time_zone IS NOT NULL ORDER BY pool_id LIMIT 1

-- name: counted_until
-- Time of the newest counted input of partitions $1; none counted yet: no row.
SELECT min(now) AS now FROM report_watermarks WHERE partition = ANY($1::int[])
