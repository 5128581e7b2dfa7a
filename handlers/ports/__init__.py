"""What the handlers need from the world, as small Protocols.

The rooms in bot/ and storage/ fill them; tests fill them with fakes. Unless a port says otherwise:
methods raise only errors of handlers/errors.py, may be called by many tasks at once, and leave
nothing half done when the awaiting task is cancelled.
"""
