CREATE TYPE status AS ENUM ('inserted', 'consumed');

CREATE TABLE workflow (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    status status NOT NULL,
    data jsonb NOT NULL,
    columns text[] NOT NULL,
    steps text[] NOT NULL,
    generation bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    queued_at timestamptz NOT NULL,
    consumed_at timestamptz,
    attempts bigint,
    execution_ms bigint,
    lead_ms bigint
);

CREATE INDEX workflow_status ON workflow (status, position);

COMMENT ON COLUMN workflow.columns IS 'The CSV''s columns in the order of data as it was sent: jsonb keeps no order.';

-- The CSV of the last consumption.
CREATE TABLE csv (
    uuid uuid PRIMARY KEY REFERENCES workflow (uuid) ON DELETE CASCADE,
    text text NOT NULL
);

-- What is still to be sent to the queue. Who sends a row has it until leased_until.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL REFERENCES workflow (uuid) ON DELETE CASCADE,
    generation bigint NOT NULL,
    trace text NOT NULL,
    leased_until timestamptz NOT NULL DEFAULT '-infinity'
);

CREATE INDEX outbox_uuid ON outbox (uuid);
