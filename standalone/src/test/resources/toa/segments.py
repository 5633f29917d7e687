# Makes TCP connections segment by segment, so that the last ACK of the handshake carries any option
# bytes. usage: segments.py DEVICE SOURCE DESTINATION DESTINATION-MAC PORT OPTIONS-IN-HEX...
import os
import socket
import struct
import sys

device, source, destination, mac, port = sys.argv[1:6]
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
wire.bind((device, 0))
wire.settimeout(10)
ours = wire.getsockname()[4]
theirs = bytes.fromhex(mac.replace(":", ""))
a, b = socket.inet_aton(source), socket.inet_aton(destination)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def send(local, seq, ack, flags, options=b"", payload=b""):
    head = 20 + len(options)
    tcp = struct.pack("!HHIIBBHHH", local, int(port), seq, ack, head // 4 << 4, flags, 65535, 0, 0) + options
    pseudo = a + b + struct.pack("!BBH", 0, 6, len(tcp) + len(payload))
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp + payload)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(payload), 1, 0x4000, 64, 6, 0) + a + b
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    wire.send(theirs + ours + b"\x08\x00" + ip + tcp + payload)


def receive(local):
    while True:
        frame = wire.recv(2048)
        ip = frame[14:]
        tcp = ip[(ip[0] & 15) * 4 :]
        if ip[9] == 6 and struct.unpack("!HH", tcp[:4]) == (int(port), local):
            length = struct.unpack("!H", ip[2:4])[0] - (ip[0] & 15) * 4
            return struct.unpack("!II", tcp[4:12]) + (tcp[13], tcp[(tcp[12] >> 4) * 4 : length])


for number, text in enumerate(sys.argv[6:]):
    options = bytes.fromhex(text)
    options += b"\0" * (-len(options) % 4)
    local = 40000 + number
    seq = int.from_bytes(os.urandom(3), "big")
    send(local, seq, 0, 2)
    theirs_seq, _, flags, _ = receive(local)
    assert flags == 0x12, flags
    send(local, seq + 1, theirs_seq + 1, 16, options)
    send(local, seq + 1, theirs_seq + 1, 24, b"", b"hello\n")
    answer = b""
    while not answer.endswith(b"\n"):
        at, _, flags, payload = receive(local)
        assert not flags & 4, "reset"
        answer += payload
    print(text, answer.decode().strip(), flush=True)
    send(local, seq + 7, theirs_seq + 1 + len(answer), 20)
