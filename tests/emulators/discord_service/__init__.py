"""The parts of the Discord emulator; tests import tests.emulators.discord."""
