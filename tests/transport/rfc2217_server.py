"""python3-serial's own RFC 2217 server around a serial port that only remembers.

Prints "PORT n", then a line for each thing the client sets; echoes data. Ends
when its client leaves, or after 60 seconds. Tests only.
"""
import socket
import sys

import serial.rfc2217


def say(text):
    print(text, flush=True)


class Remembering:
    """What PortManager asks of a serial port."""

    def __init__(self):
        object.__setattr__(self, "settings", {
            "baudrate": 9600, "bytesize": 7, "parity": "E", "stopbits": 2,
            "xonxoff": True, "rtscts": True, "dtr": True, "rts": True,
            "break_condition": False,
        })

    def __getattr__(self, name):
        if name in ("cts", "dsr", "ri", "cd"):
            return False
        return self.settings[name]

    def __setattr__(self, name, value):
        self.settings[name] = value
        say("%s %s" % (name, value))

    def reset_input_buffer(self):
        say("purge input")

    def reset_output_buffer(self):
        say("purge output")


class Connection:
    def __init__(self, sock):
        self.sock = sock

    def write(self, data):
        self.sock.sendall(data)


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)
    say("PORT %d" % listener.getsockname()[1])
    sock, _ = listener.accept()
    sock.settimeout(60)
    manager = serial.rfc2217.PortManager(Remembering(), Connection(sock))
    while True:
        raw = sock.recv(1024)
        if not raw:
            break
        data = b"".join(manager.filter(raw))
        if data:
            sock.sendall(b"".join(manager.escape(data)))
    say("END")
    return 0


sys.exit(main())
