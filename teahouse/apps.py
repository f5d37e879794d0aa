"""The Django app: `INSTALLED_APPS += ["teahouse"]`."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class TeahouseConfig(AppConfig):
    name = "teahouse"
    verbose_name = "Teahouse"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from teahouse import checks, host_checks, proof  # noqa: F401  They register the system checks.
        from teahouse.actions import deleted_users

        deleted_users.connect()
        proof.connect()
        # What a project reacts with; a process that only runs a command does not need it, but must know of mistakes.
        autodiscover_modules("listeners")
