"""The parts of the OpenAI emulator; tests use it through tests.emulators.openai."""
