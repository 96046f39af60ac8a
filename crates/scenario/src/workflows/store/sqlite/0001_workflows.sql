CREATE TABLE workflow (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('inserted', 'consumed')),
    data TEXT NOT NULL CHECK (json_valid(data)),
    columns TEXT NOT NULL CHECK (json_valid(columns)),
    steps TEXT NOT NULL CHECK (json_valid(steps)),
    generation INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    consumed_at INTEGER,
    attempts INTEGER,
    execution_ms INTEGER,
    lead_ms INTEGER
) STRICT;

CREATE INDEX workflow_status ON workflow (status, position);

-- The CSV of the last consumption.
CREATE TABLE csv (
    uuid TEXT PRIMARY KEY REFERENCES workflow (uuid) ON DELETE CASCADE,
    text TEXT NOT NULL
) STRICT;

-- What is still to be sent to the queue. Who sends a row has it until leased_until, in ms since the epoch.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL REFERENCES workflow (uuid) ON DELETE CASCADE,
    generation INTEGER NOT NULL,
    trace TEXT NOT NULL,
    leased_until INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX outbox_uuid ON outbox (uuid);
