"""A network of one tap device with the guest at its end, and nothing else.

Everything here runs inside a network namespace of the test's own: the link-local address is an address of that
namespace, and no packet can leave it.
"""

import os
import socket
import struct
import subprocess
import threading

TAP = "tap0"
ROUTER = "10.0.0.1"
GUEST = "10.0.0.10"
NETMASK = "255.255.255.0"
METADATA = "169.254.169.254"
PACKAGE_PORT = 8080
MAC = "0e:00:00:00:00:10"


class NotIsolated(Exception):
    pass


def demand_isolation(outer_namespace):
    """Raises unless this process is in another network namespace than its starter's, with nothing in it but lo."""
    if os.readlink("/proc/self/ns/net") == outer_namespace:
        raise NotIsolated("still in the network namespace of the machine")
    interfaces = [name for _, name in socket.if_nameindex()]
    if interfaces != ["lo"]:
        raise NotIsolated(f"the new network namespace has more than lo: {interfaces}")
    with open("/proc/self/net/route") as routes:
        if len(routes.readlines()) > 1:
            raise NotIsolated("the new network namespace has a route")


def set_up():
    for command in (
        "link set lo up",
        f"tuntap add {TAP} mode tap",
        f"address add {ROUTER}/24 dev {TAP}",
        f"address add {METADATA}/32 dev {TAP}",
        f"link set {TAP} up",
    ):
        subprocess.run(["ip", *command.split()], check=True)


class DHCPServer(threading.Thread):
    """Gives the one guest its one address (RFC 2131, as much of it as a first lease and its renewals need)."""

    COOKIE = b"\x63\x82\x53\x63"
    DISCOVER, OFFER, REQUEST, ACKNOWLEDGE = 1, 2, 3, 5

    def __init__(self):
        super().__init__(name="dhcp", daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, TAP.encode())
        self.socket.bind(("", 67))

    def run(self):
        while True:
            request = self.socket.recv(2048)
            answer = self.answer(request)
            if answer:
                self.socket.sendto(answer, ("255.255.255.255", 68))

    def answer(self, request):
        if len(request) < 241 or request[0] != 1 or request[236:240] != self.COOKIE:
            return None
        kind = {self.DISCOVER: self.OFFER, self.REQUEST: self.ACKNOWLEDGE}.get(self.message_type(request[240:]))
        if kind is None:
            return None
        address = socket.inet_aton
        # op, htype, hlen, hops, xid, secs, flags (broadcast), ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file
        header = struct.pack("!4B", 2, 1, 6, 0) + request[4:8] + struct.pack("!HH", 0, 0x8000)
        header += request[12:16] + address(GUEST) + address(ROUTER) + bytes(4) + request[28:44] + bytes(192)
        options = [
            (53, bytes([kind])),
            (54, address(ROUTER)),
            (51, struct.pack("!I", 3600)),
            (1, address(NETMASK)),
            (3, address(ROUTER)),
            (12, b"ip-10-0-0-10"),
        ]
        return header + self.COOKIE + b"".join(bytes([code, len(value)]) + value for code, value in options) + b"\xff"

    @staticmethod
    def message_type(options):
        position = 0
        while position + 1 < len(options) and options[position] != 255:
            if options[position] == 0:
                position += 1
                continue
            if options[position] == 53:
                return options[position + 2]
            position += 2 + options[position + 1]
        return None
