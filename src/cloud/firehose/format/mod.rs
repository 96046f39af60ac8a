//! What becomes of records on the way to an object: processors, partitions, delimiters, compression.
