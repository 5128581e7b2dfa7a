"""The parts of the Telegram emulator; tests import tests.emulators.telegram."""
