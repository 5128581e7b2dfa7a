"""The text of files that people send: PDF, Office, tables, web pages, code, archives of such.

``studio`` runs ``python -m handlers.media.documents`` for each file, in a process that has bounds
and no secrets; the other modules are that process, and load their libraries only when needed.
"""
