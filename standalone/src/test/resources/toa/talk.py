# An origin that knows nothing of TOA: says the letters it was given, each so many times; then, as soon
# as it hears something, who its peer is; and from there on whatever it hears.
# usage: talk.py FAMILY PORT [LETTERS TIMES]
import socket
import sys
import threading

family, port = sys.argv[1], int(sys.argv[2])
greeting = "".join(letter * int(sys.argv[4]) for letter in "".join(sys.argv[3:4]))
listener = socket.socket(socket.AF_INET6 if family == "6" else socket.AF_INET)
listener.bind(("", port))
listener.listen()
print("listening", flush=True)


def serve(connection, peer):
    with connection:
        connection.sendall(greeting.encode())
        heard = connection.recv(65536)
        connection.sendall(("accept %s %d\n" % peer[:2]).encode())
        while heard:
            connection.sendall(heard)
            heard = connection.recv(65536)


while True:
    threading.Thread(target=serve, args=listener.accept(), daemon=True).start()
