"""What each command of `aslmyoseg` takes, and how it answers."""
