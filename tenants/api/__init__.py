"""What every part of the API stands on: who may call it, how a body is read, how a refusal looks."""
