CREATE TYPE job_status AS ENUM ('submitted', 'complete', 'failed');

CREATE TABLE jobs (
    job_request_id text PRIMARY KEY,
    tenant text NOT NULL,
    -- As it was sent: jsonb would change numbers and refuse some texts that are JSON.
    payload text NOT NULL,
    -- Milliseconds since the epoch.
    sent_timestamp bigint NOT NULL,
    status job_status NOT NULL,
    trace text NOT NULL,
    bucket text,
    object_key text,
    reason text,
    attempts bigint NOT NULL DEFAULT 0,
    execution_ms double precision,
    lead_ms double precision
);
