//! Resource and identity policies (IAM JSON).
