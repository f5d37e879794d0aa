"""The settings of a child process of a test: those of `tests.settings` on the test's database."""

import json
import os

from tests.settings import *  # noqa: F403

DATABASES = {"default": json.loads(os.environ["TEST_DATABASE"])}
