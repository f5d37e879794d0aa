"""What is live: sessions, and everything between a commit and a reader's socket."""
