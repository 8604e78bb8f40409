"""What the tests of the real program share: a plug (plugfw-host) with its flash and its board, a
folder of its own, what to do when the test ends, and waiting for conditions. The limits are there
for what never comes: a PC that is busy with something else takes its time.

Ports are the system's choice. Whatever was started is ended with the test, however it ends."""

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

SKIPPED = 77  # ctest's word for it
BOARD = ('{"14":"BL0937CF;0","15":"BL0937SEL;0","20":"BL0937CF1;0","22":"WifiLED;0",'
         '"24":"Btn;1","25":"Rel;1"}')
TEMPLATE = ('{"vendor":"Tuya","bDetailed":"0","name":"A plug","model":"","chip":"ECR6600",'
            '"board":"","flags":"1024","keywords":[],"pins":' + BOARD + '}')

SSID, WIFI_PASSWORD = "plugfw", "plugfw-host"  # of the one network the plug can hear

PROGRAM = os.environ.get("PLUGFW", "plugfw-host")

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
folder = tempfile.mkdtemp(prefix="plugfw-")
children = []


def end_all():
    for c in reversed(children):
        try:
            os.killpg(c.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        c.wait()
    shutil.rmtree(folder, ignore_errors=True)


atexit.register(end_all)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda n, frame: sys.exit(128 + n))


def need(*programs):
    """Their paths; the test is skipped where one is missing."""
    found = []
    for name in programs:
        path = shutil.which(name) or shutil.which("/usr/sbin/" + name)
        if not path:
            print("skipped: %s is not here" % name)
            sys.exit(SKIPPED)
        found.append(path)
    return found


def start(arguments, log):
    """A process group of its own, so that its children go with it; nothing of it outside the
    folder."""
    home = dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder, XDG_CACHE_HOME=folder)
    with open(os.path.join(folder, log), "ab") as out:
        c = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                             start_new_session=True, cwd=folder, env=home)
    children.append(c)
    return c


def stop(c, how=signal.SIGTERM):
    children.remove(c)
    try:
        os.killpg(c.pid, how)
    except ProcessLookupError:
        pass
    c.wait(LIMIT_S)


def logged(log):
    with open(os.path.join(folder, log), errors="replace") as f:
        return f.read()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


LIMIT_S = 120


def wait_for(what, ask, limit_s=LIMIT_S):
    """What `ask` gives as soon as it is something; `what`, which may be a function, is said when
    it never is."""
    end = time.monotonic() + limit_s
    while True:
        got = ask()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("not within %d s: %s" % (limit_s, what() if callable(what) else what))
        time.sleep(0.05)


def file_with(name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


class Plug:
    """plugfw-host on a flash that stays when it is started anew. On a blank flash it is set up
    with the board's template and the network."""

    def __init__(self, name="plug", *more):
        self.name = name
        self.flash = os.path.join(folder, name + ".flash")
        self.control = os.path.join(folder, name + ".control")
        self.more = more
        self.process = None
        self.port = free_port()

    def start(self, *more):
        self.process = start([need(PROGRAM)[0], "--http", str(self.port), "--flash", self.flash,
                              "--control", self.control, "--verbose", *self.more, *more],
                             self.name + ".log")
        self.wait()

    def url(self, path=""):
        return "http://127.0.0.1:%d/%s" % (self.port, path)

    def get(self, path, data=None, timeout=LIMIT_S):
        with opener.open(self.url(path), data, timeout) as r:
            return r.read().decode()

    def answers(self):
        assert self.process.poll() is None, "the plug's program has ended"
        try:
            return self.get("index", timeout=5)
        except (OSError, urllib.error.URLError, ValueError):
            return None

    def wait(self):
        return wait_for("the plug's page", self.answers)

    def command(self, line):
        return self.get("cm?cmnd=" + urllib.parse.quote(line))

    def post(self, path, **fields):
        return self.get(path, urllib.parse.urlencode(fields).encode())

    def tell(self, line):
        """A word to the world around the plug; its answer."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(LIMIT_S)
            s.connect(self.control)
            s.sendall(line.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = s.recv(4096)
                if not piece:
                    break
                answer += piece
            return answer.decode().strip()

    def load(self, watt):
        self.order("load %d" % watt)

    def relay(self):
        """Is the load switched on, whatever the plug says of it?"""
        return self.status()["relay"]["1"]

    def status(self):
        return json.loads(self.tell("status"))

    def press_button(self):
        self.order("click 24")

    def starts_anew(self, do):
        """After that the plug starts anew, and its page is there again."""
        before = self.status()["starts"]
        do()
        wait_for("the restart", lambda: self.status()["starts"] > before)
        self.wait()

    def saves(self):
        wait_for("all is saved, and the start lasts", lambda: self.status()["saved"])

    def order(self, line):
        answer = self.tell(line)
        assert answer == "ok", answer

    def save_and_kill(self):
        """The power goes, when what was to be saved is."""
        self.saves()
        self.kill()

    def kill(self):
        stop(self.process, signal.SIGKILL)

    def log(self):
        return logged(self.name + ".log")


def run(tests):
    """Each in its turn; the first that fails ends it, with what was logged."""
    print("1..%d" % len(tests))
    for number, test in enumerate(tests, 1):
        name = test.__name__.replace("_", " ")
        began = time.monotonic()
        try:
            test()
        except BaseException:
            print("not ok %d - %s" % (number, name))
            for log in sorted(os.listdir(folder)):
                if log.endswith(".log"):
                    print("-- %s\n%s" % (log, logged(log)[-3000:]))
            sys.stdout.flush()
            raise
        print("ok %d - %s (%.1f s)" % (number, name, time.monotonic() - began), flush=True)
