"""People by phone number: numbers, codes, and what keeps both from being abused. Security: S-15, S-16."""
