"""moto's server, with one call of DynamoDB at a time.

A transaction that fails there puts its tables back as they were before it, with all that others wrote meanwhile.
"""

import threading

from moto import server

one_at_a_time = threading.Lock()


class Application(server.DomainDispatcherApplication):
    def __call__(self, environ, start_response):
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"):
            return super().__call__(environ, start_response)
        with one_at_a_time:
            return super().__call__(environ, start_response)


server.DomainDispatcherApplication = Application
server.main()
