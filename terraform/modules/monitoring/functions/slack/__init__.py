"""The function that writes alarms to Slack."""
