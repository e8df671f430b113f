"""A web server on loopback that stands before moto's own, sees every request first, and plays faults."""

import io
import itertools
import socket
import threading
from types import ModuleType
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from clock import Clock
from faults import Refused

REGION = "eu-west-1"
LATENCY = 0.05  # seconds that every call takes
CLIENT_TIMEOUT = 10  # seconds that a client waits for an answer that is lost
CALLER = "X-Caller"  # the header that tells those apart who call side by side
PATIENT = Config(connect_timeout=3600, read_timeout=3600)  # no real time limit: a machine that is busy loses no answer
OPERATOR = "operator"  # in the user agent of the tests' own calls, which obey no rule and count for nothing


class CloudServer:
    """A WSGI application; what the rules of the real services are, a subclass says by methods named after the calls."""

    def __init__(self):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.lock = threading.RLock()
        self.server = make_server("127.0.0.1", 0, self, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        session = boto3.Session("operator", "operator", region_name=REGION)
        config = Config(user_agent_extra=OPERATOR)
        self.ec2 = session.client("ec2", endpoint_url=self.url, config=config)
        self.autoscaling = session.client("autoscaling", endpoint_url=self.url, config=config)
        self.names = itertools.count(1)
        self.reset()

    def reset(self):
        """A new clock and a new history."""
        with self.lock:
            self.clock = Clock()
            self.due = []
            self.faults = {}
            self.calls = []

    def sleep(self, seconds):
        self.clock.sleep(seconds)

    def close(self):
        self.server.shutdown()

    def serve(self, session):
        """The clients of this session say who calls, and let time pass as the network does."""

        def begin(request, **_):
            request.headers[CALLER] = str(threading.get_ident())
            self.clock.sleep(LATENCY)

        def wait(caught_exception, **_):
            if caught_exception:
                self.clock.sleep(CLIENT_TIMEOUT)

        session.events.register("request-created.*.*", begin)
        session.events.register("needs-retry.*.*", wait)

    def load(self, name, source):
        """The code of a function as it is deployed, as a module whose clients call this."""
        module = ModuleType(name)
        exec(compile(source, f"{name}.py as it is deployed", "exec"), vars(module))
        session = boto3.Session(region_name=REGION)
        self.serve(session)
        vars(module).update(boto3=session, CALLS=vars(module)["CALLS"].merge(PATIENT))
        return module

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        if OPERATOR in environ.get("HTTP_USER_AGENT", ""):
            with self.lock:
                return self.moto(environ, start_response)
        parameters = dict(parse_qsl(body.decode()))
        name = parameters["Action"]
        with self.lock:
            parameters[CALLER] = environ.get("HTTP_X_CALLER", "")
            self.settle()
            self.calls.append((self.clock.now, name, parameters))
            fault = self.next_fault(name)
            if fault and fault.code:
                return self.refuse(start_response, parameters, fault, f"A simulated {fault.code}.")
            if fault and fault.lost == "before":
                self.lose(environ)
            try:
                answer = self.rule(name, parameters, environ, start_response)
            except Refused as refused:
                answer = self.refuse(start_response, parameters, refused.fault, str(refused))
            if fault and fault.lost == "after":
                self.lose(environ)
            return answer

    def rule(self, name, parameters, environ, start_response):
        rule = getattr(self, f"on_{name}", None)
        answer = rule(parameters) if rule else None
        if answer is not None:
            start_response("200 OK", [("Content-Type", "text/xml")])
            return [answer.encode()]
        answer = b"".join(self.moto(environ, start_response))
        after = getattr(self, f"after_{name}", None)
        return [after(parameters, answer) if after else answer]

    def refuse(self, start_response, parameters, fault, message):
        start_response(f"{fault.status} Refused", [("Content-Type", "text/xml")])
        error = f"<Error><Code>{fault.code}</Code><Message>{escape(message)}</Message></Error>"
        if parameters["Version"].startswith("2011-01-01"):
            return [f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>".encode()]
        return [f"<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>".encode()]

    def lose(self, environ):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        raise ConnectionResetError("a lost answer")

    def next_fault(self, name):
        waiting = self.faults.get(name)
        return waiting.pop(0) if waiting else None

    def fail(self, name, *faults):
        """The next calls of this action meet these faults; None lets one pass."""
        self.faults.setdefault(name, []).extend(faults)

    def after(self, seconds, deed, *arguments):
        """Has something happen at a later time."""
        self.due.append((self.clock.now + seconds, next(self.names), deed, arguments))

    def settle(self):
        while self.due:
            first = min(self.due)
            if first[0] > self.clock.now:
                break
            self.due.remove(first)
            first[2](*first[3])

    def count(self, name):
        return sum(1 for _, called, _ in self.calls if called == name)
