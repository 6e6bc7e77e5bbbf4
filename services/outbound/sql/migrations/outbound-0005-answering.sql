-- How often people answered, by the clock of those who were called: what the order of a campaign is learned from.
CREATE TABLE outbound.answer_counts (
    tenant_id text NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    day int NOT NULL,                                -- local, days since 1970-01-01
    hour smallint NOT NULL,                          -- local
    attempt smallint NOT NULL,                       -- the how-manieth dial of its record
    missed smallint NOT NULL,                        -- how often this part of the day was in vain before
    dialled int NOT NULL,
    answered int NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, day, hour, attempt, missed),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES outbound.campaigns
);
SELECT directory.protect('outbound', 'answer_counts', 'SELECT');
