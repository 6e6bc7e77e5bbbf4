-- name: add_page_texts
-- What was read on a document's pages.
INSERT INTO page_texts (tenant_id, file_id, page, text, confidence, turned)
SELECT $1, $2, n.page, n.text, n.confidence, n.turned
FROM unnest($3::int[], $4::text[], $5::real[], $6::bool[]) AS n (page, text, confidence, turned) ON CONFLICT DO NOTHING

-- name: page_texts
-- Every page of a document with what was read on it; NULL: not read.
SELECT p.page, t.text, t.confidence, coalesce(t.turned, false) AS turned
FROM file_pages p LEFT JOIN page_texts t USING (file_id, page) WHERE p.file_id = $1 ORDER BY p.page

-- name: search_pages
-- Pages whose text, blanks aside, contains what is sought, newest documents first.
SELECT f.file_id, f.contact_id, f.media_type, f.pages, f.received_at, t.page, t.text, t.confidence
FROM page_texts t JOIN files f USING (file_id)
WHERE strpos(regexp_replace(lower(t.text), '\s', '', 'g'), $1) > 0
  AND ($2::timestamptz IS NULL OR (f.received_at, f.file_id, t.page) < ($2, $3::text, $4::int))
ORDER BY f.received_at DESC, f.file_id DESC, t.page DESC LIMIT $5

-- name: add_fax_call
-- Where a received fax came from.
INSERT INTO fax_calls (tenant_id, contact_id, sender, called) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- name: fax_sender
-- The number a contact's fax came from.
SELECT sender FROM fax_calls WHERE contact_id = $1

-- name: fax_job_known
-- Whether a command was decided before.
SELECT EXISTS (SELECT FROM commands WHERE tenant_id = $1 AND command_id = $2)

-- name: add_fax_job
-- A letter to be sent, or one that could not be made.
INSERT INTO fax_jobs (tenant_id, job_id, contact_id, requested_by, number, title, reference, file_id, pages, state, reason,
                      not_after, finished_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, CASE WHEN $10 = 'failed' THEN now() END) ON CONFLICT DO NOTHING

-- name: claim_fax_job
-- The next letter that is due, or one whose sender fell silent for $2 seconds. An attempt is counted before it begins.
WITH due AS (
    SELECT tenant_id, job_id, state FROM fax_jobs
    WHERE (state = 'queued' AND next_at <= now())
       OR (state = 'sending' AND heard_at < now() - make_interval(secs => $2))
    ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE fax_jobs j SET state = 'sending', sender = $1, heard_at = now(),
    attempts = j.attempts + CASE WHEN due.state = 'queued' THEN 1 ELSE 0 END
FROM due WHERE j.tenant_id = due.tenant_id AND j.job_id = due.job_id
RETURNING j.tenant_id, j.job_id, j.contact_id, j.number, j.file_id, j.pages, j.attempts, j.not_after,
          due.state = 'sending' AS adopted

-- name: keep_fax_job
-- The sender is still at it.
UPDATE fax_jobs SET heard_at = now() WHERE tenant_id = $1 AND job_id = $2 AND sender = $3 AND state = 'sending'

-- name: finish_fax_job
-- What came of it, if the job is still the sender's. A retry is queued for $6 seconds from now.
UPDATE fax_jobs SET state = $4, reason = $5, sender = NULL, heard_at = NULL,
    next_at = now() + make_interval(secs => $6),
    finished_at = CASE WHEN $4 IN ('delivered', 'failed') THEN now() END
WHERE tenant_id = $1 AND job_id = $2 AND sender = $3 AND state = 'sending'

-- name: outgoing_faxes
-- Letters sent and to be sent, newest first; of one contact where it is named.
SELECT job_id, contact_id, requested_by, number, title, reference, file_id, pages, state, attempts, reason, created_at, next_at,
       finished_at
FROM fax_jobs
WHERE ($1::text IS NULL OR contact_id = $1)
  AND ($2::timestamptz IS NULL OR (created_at, job_id) < ($2, $3::text))
ORDER BY created_at DESC, job_id DESC LIMIT $4
