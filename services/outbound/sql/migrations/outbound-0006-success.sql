-- How much likelier than usual a conversation with this record succeeds, as the campaign's own endings say; 1: nothing is known.
ALTER TABLE outbound.records ADD COLUMN success real NOT NULL DEFAULT 1;
