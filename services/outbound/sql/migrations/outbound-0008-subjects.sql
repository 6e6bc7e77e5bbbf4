-- What a record is about, consents its list brought, and what records are found by.
ALTER TABLE outbound.records
    ADD COLUMN subject text COLLATE "C" NOT NULL DEFAULT '', -- the particular debt, product or matter; '': the campaign's
    ADD COLUMN consented_at bigint,                          -- given by a consent of its list, which the profile may not have yet
    -- columns, not expressions: under row security an index serves only comparisons that are known to leak nothing
    ADD COLUMN by_name text COLLATE "C" GENERATED ALWAYS AS (lower(payload ->> 'name')) STORED,
    ADD COLUMN by_later_name text COLLATE "C" GENERATED ALWAYS AS (  -- after the first word, or the first sign of one word: 芳 of 王芳
        substr(lower(payload ->> 'name'), greatest(position(' ' IN payload ->> 'name'), 1) + 1)) STORED,
    ADD COLUMN by_ending text COLLATE "C" GENERATED ALWAYS AS (reverse(numbers -> 0 ->> 'number')) STORED,
    ADD COLUMN by_other_ending text COLLATE "C" GENERATED ALWAYS AS (reverse(numbers -> 1 ->> 'number')) STORED;

-- One key may stand for several matters of one customer.
DROP INDEX outbound.records_by_source_key;
CREATE UNIQUE INDEX records_by_source_key ON outbound.records (tenant_id, source_key, campaign_id, subject);
CREATE INDEX records_by_subject ON outbound.records (tenant_id, campaign_id, subject, record_id) WHERE subject <> '';
CREATE INDEX records_by_name ON outbound.records (tenant_id, campaign_id, by_name, record_id) WHERE by_name IS NOT NULL;
CREATE INDEX records_by_later_name ON outbound.records (tenant_id, campaign_id, by_later_name, record_id) WHERE by_later_name <> '';
CREATE INDEX records_by_ending ON outbound.records (tenant_id, campaign_id, by_ending, record_id);
CREATE INDEX records_by_other_ending ON outbound.records (tenant_id, campaign_id, by_other_ending, record_id)
    WHERE by_other_ending IS NOT NULL;
-- Those no longer waiting, by state: few among many.
CREATE INDEX records_by_state ON outbound.records (tenant_id, campaign_id, state, record_id) WHERE state <> 'waiting';

-- Consents a list brought, until they are told on topic consents: a few at a time, so that dials do not queue behind a million.
CREATE TABLE outbound.list_consents (
    tenant_id text NOT NULL,
    consents_id bigint GENERATED ALWAYS AS IDENTITY,
    campaign_id text COLLATE "C" NOT NULL,
    record_id text COLLATE "C" NOT NULL,
    consents jsonb NOT NULL,                                 -- [ConsentGiven …], one for each number; gone once told
    PRIMARY KEY (tenant_id, consents_id)
);
CREATE INDEX list_consents_in_order ON outbound.list_consents (consents_id);
SELECT directory.protect('outbound', 'list_consents', 'SELECT');
