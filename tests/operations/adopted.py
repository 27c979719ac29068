"""The command `talk`, adopted in several ways."""

from upkeep.operations import adopt_command

talk = adopt_command("talk", name="testing.talk", exclusive="testing:talk", dry_run="--dry-run")
talk_again = adopt_command("talk", name="testing.talk_again", dry_run="--dry-run", repeatable=True)
talk_briefly = adopt_command("talk", name="testing.talk_briefly", dry_run="--dry-run", time_limit=1.5)
talk_when_told = adopt_command("talk", name="testing.talk_when_told", exclude=["--dry-run"], confirm="talk")
