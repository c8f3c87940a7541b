"""The page that `arena dashboard` serves on loopback, and its server.

A panel is one module of `panels/`: a path, an action that reads, and an encoder of `views/`. `readings.py`
asks the cluster once for all viewers, `gate.py` says who may ask, `text.py` masks credentials and control
characters, `server.py` speaks HTTP. `page/` holds the page: HTML, CSS and JavaScript modules, served as they
are.
"""
