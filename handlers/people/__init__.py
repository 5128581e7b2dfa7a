"""What people choose, make and are told of: settings, assistants, reminders, their usage."""
