"""The Django app: `INSTALLED_APPS += ["teahouse"]`."""

from django.apps import AppConfig


class TeahouseConfig(AppConfig):
    name = "teahouse"
    verbose_name = "Teahouse"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from teahouse import checks  # noqa: F401  Registers the system checks.
