import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('teahouse', '0002_rooms_and_people'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='reply',
            field=models.ForeignKey(db_constraint=False, db_index=False, help_text='The message of the same room that it replies to.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='teahouse.message'),
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(help_text='When this text was said.')),
                ('text', models.TextField()),
                ('html', models.TextField(null=True)),
                ('renderer', models.PositiveSmallIntegerField(default=0)),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='revisions', to='teahouse.message')),
            ],
        ),
    ]
