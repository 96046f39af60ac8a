#!/usr/bin/env bash
# The archive's cloud as people set it up by hand on an emulator: two queues, a bucket per genre, two books.
set -euo pipefail
export AWS_PAGER=

awslocal sqs create-queue --queue-name InputQueue.fifo --attributes FifoQueue=true
awslocal sqs create-queue --queue-name OutputQueue.fifo --attributes FifoQueue=true

awslocal s3api create-bucket --bucket scifi
awslocal s3api create-bucket --bucket romance

# Its text has line breaks as they are, which JSON doesn't allow.
awslocal sqs send-message \
    --queue-url http://localhost:4566/000000000000/InputQueue.fifo \
    --message-group-id books \
    --message-deduplication-id 12345 \
    --message-body '{
        "id": "12345",
        "title": "LoremIpsum",
        "author": "John Doe",
        "year": "1960",
        "genre": "romance",
        "summary": "The first line,
the second
and the last."
    }'

# Its genre begins with a capital, its bucket does not.
awslocal sqs send-message \
    --queue-url http://localhost:4566/000000000000/InputQueue.fifo \
    --message-group-id books \
    --message-deduplication-id 67890 \
    --message-body '{"id": "67890", "title": "The Hollow Signal", "author": "Jane Roe", "year": "1984", "genre": "Scifi", "summary": "..."}'
