"""The one door to PostgreSQL: each module owns its tables and all SQL that names them."""
