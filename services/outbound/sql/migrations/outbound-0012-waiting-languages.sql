-- Languages ('' = none named) in which somebody waits: by the hopper's index, a step a language.
CREATE FUNCTION outbound.waiting_languages(tenant text, campaign text) RETURNS TABLE (language text) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE spoken (language) AS (
        (SELECT coalesce(r.language, '') FROM outbound.records r
          WHERE r.tenant_id = tenant AND r.campaign_id = campaign AND r.state = 'waiting'
          ORDER BY coalesce(r.language, '') LIMIT 1)
        UNION ALL
        SELECT (SELECT coalesce(r.language, '') FROM outbound.records r
                 WHERE r.tenant_id = tenant AND r.campaign_id = campaign AND r.state = 'waiting'
                   AND coalesce(r.language, '') > s.language
                 ORDER BY coalesce(r.language, '') LIMIT 1)
          FROM spoken s WHERE s.language IS NOT NULL)
    SELECT s.language FROM spoken s WHERE s.language IS NOT NULL
$$;
