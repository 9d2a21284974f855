"""Business rules and in-process caches: one class per topic. Knows no SQL and no HTTP."""
