CREATE TABLE jobs (
    job_request_id TEXT PRIMARY KEY NOT NULL,
    tenant TEXT NOT NULL,
    payload TEXT NOT NULL,
    -- Milliseconds since the epoch.
    sent_timestamp INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('submitted', 'complete', 'failed')),
    trace TEXT NOT NULL,
    bucket TEXT,
    object_key TEXT,
    reason TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    execution_ms REAL,
    lead_ms REAL
) STRICT;
