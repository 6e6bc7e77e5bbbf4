-- The web channel: which visitor a contact is of and whether their page is still open; what became of messages; names of files.
CREATE TABLE gateway.visits (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    gateway_id text NOT NULL,
    visitor_id text NOT NULL,                           -- opaque; a browser, or somebody the site vouches for
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT now(),         -- a page of the visitor was open, or something came from it
    continues text,                                     -- the visitor's contact before, when this goes on with it
    business_line text NOT NULL,
    language text,
    page_url text,                                      -- where the visitor is now
    page_title text,
    page_at bigint,                                     -- µs
    answer_to text,                                     -- a message left: where the answer goes (e-mail or telephone)
    left_notice boolean NOT NULL DEFAULT false,         -- closed because the visitor was gone; said so
    PRIMARY KEY (contact_id, tenant_id)
);
CREATE INDEX visits_of_visitor ON gateway.visits (gateway_id, visitor_id, started_at);
SELECT directory.protect('gateway', 'visits', 'SELECT, INSERT, UPDATE');

ALTER TABLE gateway.messages ADD COLUMN delivered_at bigint, ADD COLUMN read_at bigint, ADD COLUMN failed_at bigint; -- µs
ALTER TABLE gateway.files ADD COLUMN name text;         -- as its sender called it; only ever shown as text
CREATE INDEX events_of_contact ON gateway.events (contact_id, number);
