"""A mosquitto of the test's own, and a client that sees what Home Assistant would see."""

import socket
import struct
import time

import plugfw


class Broker:
    """On a port of the system's choice, for this PC only; it forgets everything when it ends."""

    def __init__(self, name="mosquitto"):
        (self.program,) = plugfw.need("mosquitto")
        self.name = name
        self.port = plugfw.free_port()
        self.process = None

    def start(self):
        config = plugfw.file_with(self.name + ".conf", (
            "listener %d 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n"
            "max_queued_messages 0\nlog_type error\nlog_type warning\n" % self.port).encode())
        self.process = plugfw.start([self.program, "-c", config], self.name + ".log")
        plugfw.wait_for("the broker", self.listens)

    def listens(self):
        assert self.process.poll() is None, "mosquitto has ended"
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        plugfw.stop(self.process)


def text(s):
    b = s.encode()
    return struct.pack(">H", len(b)) + b


def packet(kind, body):
    out, left = bytearray([kind]), len(body)
    while True:
        left, seven = left >> 7, left & 127
        out.append(seven | (128 if left else 0))
        if not left:
            return bytes(out) + body


class Client:
    """MQTT 3.1.1, QoS 0 and 1."""

    def __init__(self, broker, name):
        self.socket = socket.create_connection(("127.0.0.1", broker.port), plugfw.LIMIT_S)
        self.rest, self.identity = b"", 0
        self.unacknowledged = set()
        self.last, self.heard, self.retained = {}, [], {}
        self.connected = False
        self.socket.sendall(packet(0x10, text("MQTT") + b"\4\2\0\0" + text(name)))
        self.wait("CONNACK", lambda: self.connected)

    def subscribe(self, topic):
        self.identity += 1
        self.socket.sendall(packet(0x82, struct.pack(">H", self.identity) + text(topic) + b"\1"))

    def publish(self, topic, payload="", qos=1, retain=False):
        body = text(topic)
        if qos:
            self.identity = self.identity % 65535 + 1
            self.unacknowledged.add(self.identity)
            body += struct.pack(">H", self.identity)
        self.socket.sendall(packet(0x30 | qos << 1 | retain, body + payload.encode()))

    def one(self):
        """The next packet in what has come; None: not all of it is there."""
        left, shift, at = 0, 0, 1
        while True:
            if at >= len(self.rest):
                return None
            left |= (self.rest[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if not self.rest[at - 1] & 128:
                break
        if len(self.rest) < at + left:
            return None
        got = self.rest[0], self.rest[at:at + left]
        self.rest = self.rest[at + left:]
        return got

    def take(self, kind, body):
        if kind == 0x20:
            assert body[1] == 0, "refused: %d" % body[1]
            self.connected = True
        elif kind == 0x40:
            self.unacknowledged.discard(struct.unpack(">H", body)[0])
        elif kind & 0xf0 == 0x30:
            end = 2 + struct.unpack(">H", body[:2])[0]
            topic, rest = body[2:end].decode(), body[end:]
            if kind & 6:
                self.socket.sendall(packet(0x40, rest[:2]))
                rest = rest[2:]
            self.last[topic] = rest.decode()
            self.heard.append((topic, rest.decode()))
            if kind & 1:
                self.retained[topic] = rest.decode()

    def listen(self, seconds):
        """What comes; at most so long, less when something has."""
        self.socket.settimeout(seconds)
        try:
            more = self.socket.recv(65536)
        except TimeoutError:
            return
        assert more, "the broker has closed"
        self.rest += more
        while True:
            got = self.one()
            if got is None:
                return
            self.take(*got)

    def wait(self, what, ask, limit_s=plugfw.LIMIT_S):
        end = time.monotonic() + limit_s
        while True:
            got = ask()
            if got:
                return got
            if time.monotonic() > end:
                raise AssertionError("not within %d s: %s" % (limit_s, what))
            self.listen(0.1)

    def says(self, topic, payload):
        self.wait("%s %s" % (topic, payload), lambda: self.last.get(topic) == payload)

    def forget(self):
        self.last.clear()
        self.heard.clear()

    def close(self):
        self.socket.close()
