"""The Django app: `INSTALLED_APPS += ["teahouse.project_outbox"]`."""

from django.apps import AppConfig


class ProjectOutboxConfig(AppConfig):
    name = "teahouse.project_outbox"
    label = "teahouse_project_outbox"
    verbose_name = "Teahouse: outbox of the project"
    default_auto_field = "django.db.models.BigAutoField"
