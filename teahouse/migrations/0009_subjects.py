
from copy import copy

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def drop_constraints(apps, schema_editor):
    """Users may be in another database than what points to them. Earlier migrations made these constraints, and make
    them no more; where the tables are older they are taken off here."""
    for name in ('Login', 'OneTimeLink', 'Person'):
        model = apps.get_model('teahouse', name)
        field = model._meta.get_field('user')
        before = copy(field)
        before.db_constraint = True
        schema_editor.alter_field(model, before, field)


class Migration(migrations.Migration):

    dependencies = [
        ('teahouse', '0008_token_scopes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RightsChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.AddField(
            model_name='room',
            name='subject_id',
            field=models.CharField(editable=False, max_length=255, null=True),
        ),
        migrations.AddField(
            model_name='room',
            name='subject_type',
            field=models.CharField(editable=False, max_length=201, null=True),
        ),
        migrations.RunPython(drop_constraints, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='login',
            name='user',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='teahouse_logins', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='onetimelink',
            name='user',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text='Whose password it resets.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='person',
            name='user',
            field=models.OneToOneField(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='teahouse_person', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='room',
            constraint=models.UniqueConstraint(fields=('subject_type', 'subject_id'), name='teahouse_room_of_subject'),
        ),
        migrations.AddField(
            model_name='rightschange',
            name='person',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='teahouse.person'),
        ),
        migrations.AddField(
            model_name='rightschange',
            name='room',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='teahouse.room'),
        ),
    ]
