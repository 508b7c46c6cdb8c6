"""The ASGI application of the web process and, under TIEOUT_ROLE=desk, of the desk process.

The settings pin the numeric profile before anything imports NumPy: figures explained here have
the same bits as those of workers.
"""

import os
import warnings
from typing import cast

from django.core.asgi import get_asgi_application

from config.bodies import Application, limited
from config.threads import threaded
from foundation import roles

# WhiteNoise hands out files by the block; under ASGI Django reads each of them whole, and says so.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

MAX_BODY = {roles.Role.WEB: 256 * 1024, roles.Role.DESK: 10 * 1024 * 1024}
"""Bytes of a request body: a document and its variables; on the desk an uploaded table."""

application = limited(
    threaded(cast("Application", get_asgi_application())),
    MAX_BODY.get(roles.current(), 256 * 1024),
)
