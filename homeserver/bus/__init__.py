"""The doorbell between processes: notices of commits, short-lived states, token buckets. It holds no only copy."""
