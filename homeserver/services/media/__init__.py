"""The media repository: what users upload, copies of what others uploaded, thumbnails of both."""
