-- Cases (工单): one customer problem across contacts, with the promises made on the way.
CREATE TABLE profile.cases (
    tenant_id text NOT NULL,
    case_id text NOT NULL,
    customer_id text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    reason text,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'waiting', 'answered', 'closed', 'reopened')),
    waiting_for text,                                -- whom, exactly while the state is 'waiting'
    owner text,                                      -- agent id
    department text,
    due_at timestamptz,
    reopened int NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    answered_at timestamptz,                         -- last reply to the customer
    closed_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, case_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES profile.customers ON DELETE CASCADE,
    CHECK ((state = 'waiting') = (waiting_for IS NOT NULL))
);
CREATE INDEX cases_of_customer ON profile.cases (tenant_id, customer_id, opened_at DESC, case_id DESC);
CREATE INDEX cases_by_owner ON profile.cases (tenant_id, owner, opened_at DESC, case_id DESC);
CREATE INDEX cases_by_time ON profile.cases (tenant_id, opened_at DESC, case_id DESC);
SELECT directory.protect('profile', 'cases');
SELECT profile.tells_customer('cases');

CREATE TABLE profile.promises (
    tenant_id text NOT NULL,
    promise_id text NOT NULL,
    case_id text NOT NULL,
    customer_id text NOT NULL,
    text text NOT NULL,
    owner text NOT NULL,
    due_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    kept_at timestamptz,
    kept_by text,
    PRIMARY KEY (tenant_id, promise_id),
    FOREIGN KEY (tenant_id, case_id) REFERENCES profile.cases ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, customer_id) REFERENCES profile.customers ON DELETE CASCADE
);
CREATE INDEX promises_due ON profile.promises (tenant_id, due_at, promise_id) WHERE kept_at IS NULL;
CREATE INDEX promises_of_case ON profile.promises (tenant_id, case_id);
CREATE INDEX promises_of_customer ON profile.promises (tenant_id, customer_id) WHERE kept_at IS NULL;
SELECT directory.protect('profile', 'promises');
SELECT profile.tells_customer('promises');

-- What happened to a case, in order: notes, transitions, promises made and kept, contacts, new owners.
CREATE TABLE profile.case_entries (
    tenant_id text NOT NULL,
    entry_id text NOT NULL,
    case_id text NOT NULL,
    customer_id text NOT NULL,
    at timestamptz NOT NULL,
    by_user text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('note', 'transition', 'promise', 'kept', 'contact', 'owner')),
    text text,
    from_state text,
    to_state text,
    PRIMARY KEY (tenant_id, entry_id),
    FOREIGN KEY (tenant_id, case_id) REFERENCES profile.cases ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, customer_id) REFERENCES profile.customers ON DELETE CASCADE
);
CREATE INDEX case_entries_in_order ON profile.case_entries (tenant_id, case_id, at, entry_id);
SELECT directory.protect('profile', 'case_entries');
SELECT profile.tells_customer('case_entries');

CREATE TABLE profile.case_contacts (
    tenant_id text NOT NULL,
    case_id text NOT NULL,
    contact_id text NOT NULL,
    PRIMARY KEY (tenant_id, case_id, contact_id),
    FOREIGN KEY (tenant_id, case_id) REFERENCES profile.cases ON DELETE CASCADE
);
CREATE INDEX case_contacts_of_contact ON profile.case_contacts (tenant_id, contact_id);
SELECT directory.protect('profile', 'case_contacts');
