-- P(answer) of a campaign by local hour × weekday × attempt × tries in vain (domain/answering.py: AnswerTable), as last worked out.
CREATE TABLE outbound.answer_tables (
    tenant_id text NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    chances real[] NOT NULL,
    made_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES outbound.campaigns
);
SELECT directory.protect('outbound', 'answer_tables', 'SELECT');
