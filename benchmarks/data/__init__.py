"""What is said in measurements."""
