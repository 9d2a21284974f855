"""What a user gets of an interval of the stream, whatever the format."""
