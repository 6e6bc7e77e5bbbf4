-- Self-service: dialogues and standard questions with all their versions, what agents corrected, the sessions of contacts
-- being served, what each question was worth, and the spoken words.
SELECT directory.create_service('ivr');
SELECT directory.create_outbox('ivr');
SELECT directory.create_watermark('ivr');

-- How new a tenant's questions, corrections and dialogues are: a model or a dialogue kept in memory is good for one revision.
CREATE TABLE ivr.revisions (
    tenant_id text PRIMARY KEY,
    questions bigint NOT NULL DEFAULT 0,             -- rises with every change the matcher learns from
    dialogues bigint NOT NULL DEFAULT 0
);
SELECT directory.protect('ivr', 'revisions', 'SELECT, INSERT, UPDATE');

CREATE TABLE ivr.questions (
    tenant_id text NOT NULL,
    question_id text NOT NULL,
    version int NOT NULL,                            -- the one in force
    business_line text NOT NULL,
    group_name text NOT NULL,
    reason text,
    enabled boolean NOT NULL,
    document jsonb NOT NULL,                         -- titles, examples, answers
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    PRIMARY KEY (tenant_id, question_id)
);
SELECT directory.protect('ivr', 'questions', 'SELECT, INSERT, UPDATE');

CREATE TABLE ivr.question_versions (
    tenant_id text NOT NULL,
    question_id text NOT NULL,
    version int NOT NULL,
    document jsonb NOT NULL,                         -- the whole question as it was
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (tenant_id, question_id, version)
);
SELECT directory.protect('ivr', 'question_versions', 'SELECT, INSERT');

-- What an agent said a customer's words meant. Learnt from as an example like any other.
CREATE TABLE ivr.corrections (
    tenant_id text NOT NULL,
    correction_id text NOT NULL,
    contact_id text NOT NULL,
    text text NOT NULL,
    language text NOT NULL,
    question_id text,                                -- NULL: no standard question, but
    group_name text,                                 -- a group; NULL beside no question: nothing this house does
    corrected_by text NOT NULL,
    corrected_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, correction_id)
);
CREATE INDEX corrections_newest ON ivr.corrections (tenant_id, corrected_at DESC, correction_id DESC);
SELECT directory.protect('ivr', 'corrections', 'SELECT, INSERT, UPDATE');

CREATE TABLE ivr.dialogues (
    tenant_id text NOT NULL,
    dialogue_id text NOT NULL,
    version int NOT NULL,                            -- the one new contacts get
    document text NOT NULL,                          -- YAML as its author wrote it
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    PRIMARY KEY (tenant_id, dialogue_id)
);
SELECT directory.protect('ivr', 'dialogues', 'SELECT, INSERT, UPDATE');

CREATE TABLE ivr.dialogue_versions (
    tenant_id text NOT NULL,
    dialogue_id text NOT NULL,
    version int NOT NULL,
    document text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (tenant_id, dialogue_id, version)
);
SELECT directory.protect('ivr', 'dialogue_versions', 'SELECT, INSERT');

CREATE TABLE ivr.sessions (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    pool_id text,
    partition int NOT NULL,                          -- of contact-events, where what we say about the contact goes
    channel text NOT NULL,
    dialogue_id text,                                -- NULL: the line has none; the contact went to a person at once
    dialogue_version int,
    step text,                                       -- the answer awaited; any other is late, replaced or a repeat
    state jsonb,                                     -- the engine's session; NULL once ended
    started_at timestamptz NOT NULL,
    deadline timestamptz,                            -- no answer by then: the session ends as failed
    outcome text,                                    -- served, to_person, failed, left; NULL: going on
    ended_at timestamptz,
    heard_text text,                                 -- what the customer typed last; forgotten after a week
    note text,                                       -- what was typed and chosen, for the agent
    note_due boolean NOT NULL DEFAULT false,         -- profile has not taken the note yet
    PRIMARY KEY (tenant_id, contact_id)
);
CREATE INDEX sessions_due ON ivr.sessions (deadline) WHERE outcome IS NULL;
CREATE INDEX sessions_with_notes_due ON ivr.sessions (ended_at) WHERE note_due;
CREATE INDEX sessions_ended ON ivr.sessions (ended_at) WHERE outcome IS NOT NULL;
SELECT directory.protect('ivr', 'sessions', 'SELECT');

-- A standard question in a contact: asked, answered whole, and what became of the contact and of the customer after it.
CREATE TABLE ivr.question_uses (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    question_id text NOT NULL,
    question_version int NOT NULL,
    channel text NOT NULL,
    found_by text NOT NULL,                          -- menu, matcher
    asked_at timestamptz NOT NULL,
    answered_at timestamptz,                         -- played, shown or delivered whole; NULL: not
    contact_end text,                                -- the contact's one end; NULL: open
    closed_at timestamptz,
    customer_id text,
    came_back_at timestamptz,                        -- first contact of the same customer within the window after closing
    PRIMARY KEY (tenant_id, contact_id, question_id)
);
CREATE INDEX question_uses_asked ON ivr.question_uses (tenant_id, asked_at);
CREATE INDEX question_uses_contained ON ivr.question_uses (tenant_id, customer_id, closed_at)
    WHERE contact_end = 'self_served' AND came_back_at IS NULL;
SELECT directory.protect('ivr', 'question_uses', 'SELECT');

-- Spoken words by content: the same words in the same voice are kept once a tenant.
CREATE TABLE ivr.audio (
    tenant_id text NOT NULL,
    hash text NOT NULL,
    language text NOT NULL,
    wav bytea NOT NULL,                              -- 8 kHz mono
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX audio_by_hash ON ivr.audio (hash);
SELECT directory.protect('ivr', 'audio', 'SELECT');
