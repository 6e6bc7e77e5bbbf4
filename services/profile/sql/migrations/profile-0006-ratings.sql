-- How a customer rated a contact afterwards; a low rating opens a case.
ALTER TABLE profile.contacts ADD COLUMN rating int, ADD COLUMN rating_scale int;
CREATE INDEX contacts_rated ON profile.contacts (tenant_id, closed_at DESC) WHERE rating IS NOT NULL;
