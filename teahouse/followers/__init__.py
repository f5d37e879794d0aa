"""Code that follows the journal at its own pace, at least once and in order: `listen` for a project's own, webhooks.

`follower.py` is what one has to be, `listening.py` what a project writes, `lease.py` and `position.py` what is
stored, `runner.py` runs them. Why: docs/design/followers.md.
"""
