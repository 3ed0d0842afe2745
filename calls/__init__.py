"""Calls, recordings, transcripts, reports; providers; API; playback."""
