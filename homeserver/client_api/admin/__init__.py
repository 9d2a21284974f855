"""The API of admins: of the specification, and what common tools ask of Synapse at `/_synapse/admin`."""
