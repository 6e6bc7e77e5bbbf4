-- The hopper by language: a campaign's next n of the languages that free agents speak are the first n of each.
-- depends: outbound-0001-campaigns
DROP INDEX outbound.records_next;
CREATE INDEX records_next ON outbound.records
    (tenant_id, campaign_id, coalesce(language, ''), turn, priority DESC, score DESC, record_id) WHERE state = 'waiting';
