from django.db import migrations, models

import backend.search.models


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial"), ("tracking", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="taskvector", name="search_taskvector_scope"),
        migrations.AddField(
            model_name="taskvector",
            name="signs",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func("vector", function="binary_quantize"),
                help_text="A bit for each number of the vector: 1 if it is above 0. Near vectors differ in few.",
                output_field=backend.search.models.BitsField(),
            ),
        ),
        migrations.AddField(
            model_name="searchstate",
            name="run",
            field=models.UUIDField(help_text="The last run that began with it.", null=True),
        ),
        migrations.AddField(
            model_name="searchstate",
            name="newest_task",
            field=models.UUIDField(help_text="The newest task of all when that run began: its id.", null=True),
        ),
        migrations.AlterField(
            model_name="searchstate",
            name="last_task",
            field=models.UUIDField(help_text="The newest task that was looked at. Later ids are greater.", null=True),
        ),
        migrations.AlterField(
            model_name="searchstate",
            name="model",
            field=models.TextField(help_text="The embedder's name; empty: it was never up to date."),
        ),
        migrations.AddIndex(
            model_name="taskvector",
            index=models.Index(
                fields=["project", "is_finished", "model"], include=("task", "signs"), name="search_taskvector_scope"
            ),
        ),
    ]
