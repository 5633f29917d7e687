#!/usr/bin/env python3
"""Reads the client's address from PROXY v1/v2 (TCP) and PROXY v2 or SPP (UDP).

    receiver.py tcp HOST PORT     accepts connections, PROXY v1 or v2 in front of each
    receiver.py ppv2 HOST PORT    UDP, PROXY v2 in the first or in every datagram
    receiver.py spp HOST PORT     UDP, SPP in every datagram; answers carry it too
    receiver.py check             reads "mode hex" lines, prints what each header says

Port 0 takes a free one; the first line printed is "listening PORT". Each connection or datagram is
logged as "client ADDRESS PORT PAYLOAD" and echoed. No dependencies.
"""

import ipaddress
import re
import socket
import struct
import sys
import threading

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
SPP_LENGTH = 38
V4 = re.compile(r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}", re.A)
PORT = re.compile(r"0|[1-9][0-9]{0,4}", re.A)


class Bad(Exception):
    """No header, or a broken one: close the connection, drop the datagram."""


class More(Exception):
    """The header is not complete yet."""


def plain(packed):
    address = ipaddress.ip_address(packed)
    return str(getattr(address, "ipv4_mapped", None) or address)


def read_v1(data):
    """Answers (header length, client address or None, client port)."""
    if not data.startswith(b"PROXY "[: len(data)]):
        raise Bad
    end = data.find(b"\r\n", 0, 107)
    if end < 0:
        raise Bad if len(data) >= 107 else More
    fields = data[6:end].decode("latin-1").split(" ")
    if fields[0] == "UNKNOWN":
        return end + 2, None, 0
    if len(fields) != 5 or fields[0] not in ("TCP4", "TCP6"):
        raise Bad
    for text in fields[1:3]:
        if fields[0] == "TCP4" and not V4.fullmatch(text):
            raise Bad
        if fields[0] == "TCP6" and not re.fullmatch(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", text):
            raise Bad
    for text in fields[3:5]:
        if not PORT.fullmatch(text) or int(text) > 65535:
            raise Bad
    try:
        client = ipaddress.ip_address(fields[1])
        ipaddress.ip_address(fields[2])
    except ValueError:
        raise Bad from None
    return end + 2, plain(client.packed), int(fields[3])


def read_v2(data, datagram):
    """Answers (header length, client address or None, client port)."""
    if not data.startswith(SIGNATURE[: len(data)]):
        raise Bad
    if len(data) < 16:
        raise Bad if datagram else More
    command, family, body = struct.unpack_from("!BBH", data, 12)
    if command not in (0x20, 0x21):
        raise Bad
    width = {0x00: 0, 0x11: 12, 0x12: 12, 0x21: 36, 0x22: 36, 0x31: 216, 0x32: 216}.get(family)
    if command == 0x21 and (width is None or body < width):
        raise Bad
    if len(data) < 16 + body:
        raise Bad if datagram else More
    length = 16 + body
    if command == 0x20:
        return length, None, 0
    check_fields(data[:length], 16 + width)
    if family >> 4 not in (1, 2):
        return length, None, 0
    if (family & 15 == 2) != datagram:
        raise Bad
    size = 4 if family >> 4 == 1 else 16
    (port,) = struct.unpack_from("!H", data, 16 + 2 * size)
    return length, plain(data[16 : 16 + size]), port


def check_fields(header, at):
    checksums = 0
    while at < len(header):
        if len(header) - at < 3:
            raise Bad
        kind, size = struct.unpack_from("!BH", header, at)
        if len(header) - at - 3 < size:
            raise Bad
        if kind == 3:
            checksums += 1
            value = header[at + 3 : at + 3 + size]
            zeroed = header[: at + 3] + bytes(size) + header[at + 3 + size :]
            if size != 4 or checksums > 1 or value != struct.pack("!I", crc32c(zeroed)):
                raise Bad
        at += 3 + size


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def read_spp(data):
    if len(data) < SPP_LENGTH or data[:2] != b"\x56\xec":
        raise Bad
    (port,) = struct.unpack_from("!H", data, 34)
    return SPP_LENGTH, plain(data[2:18]), port


def read_tcp(data):
    return read_v1(data) if data[:1] == b"P" else read_v2(data, False)


def serve_connection(connection, peer):
    connection.settimeout(5)
    data = b""
    try:
        while True:
            chunk = connection.recv(4096)
            if not chunk:
                return
            data += chunk
            try:
                length, client, port = read_tcp(data)
                break
            except More:
                continue
        if client is None:
            client, port = peer[0], peer[1]
        data = data[length:]
        connection.settimeout(None)
        while True:
            if data:
                print("client", client, port, data.decode("latin-1"), flush=True)
                connection.sendall(data)
            data = connection.recv(4096)
            if not data:
                return
    except (Bad, OSError):
        pass
    finally:
        connection.close()


def serve_tcp(host, port):
    listener = socket.create_server((host, port))
    print("listening", listener.getsockname()[1], flush=True)
    while True:
        connection, peer = listener.accept()
        threading.Thread(target=serve_connection, args=(connection, peer), daemon=True).start()


def serve_udp(host, port, spp):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((host, port))
    print("listening", server.getsockname()[1], flush=True)
    clients = {}  # where a session comes from -> its client; a real server forgets idle ones
    while True:
        data, peer = server.recvfrom(65536)
        header = b""
        try:
            if spp:
                length, client, number = read_spp(data)
                header = data[:length]
                clients[peer] = client, number
            elif data.startswith(SIGNATURE):
                length, client, number = read_v2(data, True)
                clients[peer] = (client, number) if client else peer[:2]
            elif peer in clients:
                length = 0
            else:
                continue
        except Bad:
            continue
        client, number = clients[peer]
        payload = data[length:]
        print("client", client, number, payload.decode("latin-1"), flush=True)
        server.sendto(header + payload, peer)


def check():
    readers = {
        "v1": read_v1,
        "v2": lambda data: read_v2(data, False),
        "v2udp": lambda data: read_v2(data, True),
        "spp": read_spp,
    }
    for line in sys.stdin:
        mode, text = (line.split() + [""])[:2]
        try:
            length, client, port = readers[mode](bytes.fromhex(text))
            print("unnamed" if client is None else f"{client} {port}", length, flush=True)
        except Bad:
            print("bad", flush=True)
        except More:
            print("more", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        check()
    elif len(sys.argv) == 4 and sys.argv[1] == "tcp":
        serve_tcp(sys.argv[2], int(sys.argv[3]))
    elif len(sys.argv) == 4 and sys.argv[1] in ("ppv2", "spp"):
        serve_udp(sys.argv[2], int(sys.argv[3]), sys.argv[1] == "spp")
    else:
        sys.exit(__doc__)
