-- The pop says the reason the contact came with (menu, matcher), so that the agent's wrap-up starts with it.
DROP FUNCTION profile.read_pop(text, text);
CREATE FUNCTION profile.read_pop(tenant text, contact text) RETURNS TABLE (
    contact_id text, channel text, business_line text, entry text, address_kind text, address text, display_name text,
    first_text text, arrived_at timestamptz, customer_id text, identity_level text, candidates json, repeat boolean,
    group_name text, note text, closed_at timestamptz, contact_version bigint, reason text, customer_version bigint, built_on date, card json
) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ucc.tenant', tenant, true);
    RETURN QUERY SELECT c.contact_id, c.channel, c.business_line, c.entry, c.address_kind, c.address, c.display_name,
        c.first_text, c.arrived_at, c.customer_id, c.identity_level, c.candidates, c.repeat, c.group_name, c.note, c.closed_at,
        c.version, c.reason, u.version, k.built_on, k.card
      FROM profile.contacts c
      LEFT JOIN profile.customers u ON (u.tenant_id, u.customer_id) = (c.tenant_id, c.customer_id)
      LEFT JOIN profile.cards k ON (k.tenant_id, k.customer_id, k.version) = (u.tenant_id, u.customer_id, u.version)
     WHERE c.tenant_id = tenant AND c.contact_id = contact;
END $$;
