from uuid import UUID

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tracking', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='seenrecord',
            name='run_id',
            # Notes from before are of no run, and so not used.
            field=models.UUIDField(default=UUID(int=0), help_text='Whose download it is: a tracker has notes of one run at most.'),
            preserve_default=False,
        ),
    ]
